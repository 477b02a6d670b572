struct Codec { let plan: Plan; let report: Report; func run() {} }
struct Election { let plan: Plan; let report: Report; func run() {} }
struct ConfigurationReading { let plan: Plan; let report: Report; func run() throws {} }
struct AddressMoves { let plan: Plan; let report: Report; func run() throws {} }
struct ServerChecks { let plan: Plan; let report: Report; func run() throws {} }
enum ProxyServer { static func run(_ arguments: ArraySlice<String>) throws {} }
