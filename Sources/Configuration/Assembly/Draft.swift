import VRRPCore

/// What the files of one set say, each part with its place, before it is checked as a whole.
struct Draft: Sendable {
    /// Somebody who listens on an endpoint.
    struct Listening: Sendable {
        let listener: Listener
        let section: String
    }

    /// A pool that a rule names, and the word that names it.
    struct RuleReference: Sendable {
        let keyword: String
        let backend: String
        /// A server of the pool, where it is about one.
        var server: String?
        /// Whether it is the name of a frontend instead.
        var isFrontend = false
    }

    /// Tables that a rule names, or that its connections are tracked in.
    struct TableReference: Sendable {
        let keyword: String
        /// One of them has to count what is asked for.
        var tables: [String]
        /// What becomes a key in them.
        var key: ConnectionKeyName?
        /// What is asked for; one of them has to be counted.
        var data: [StickDatum] = []
        /// Of arrays, which element.
        var index = 0
        /// Whether another reference names them.
        var isImplied = false
        /// Whether it makes no sense without the data.
        var needsData = false
        /// Whether clients' servers are asked for.
        var asksForServer = false
    }

    /// A virtual router and where its identifier stands.
    struct Router: Sendable {
        let settings: VirtualRouterSettings
        let vridLocation: Location
    }

    /// A name that a virtual router tracks, and what it is the name of.
    struct TrackReference: Sendable {
        let kind: KeepalivedReference.Kind
        let name: String
    }

    /// What there may be so many of, counted while it is read: one word stands for thousands.
    struct Count: Sendable {
        private let what: String
        private var count = 0

        init(of what: String) { self.what = what }

        /// Counts some that a word stands for, before they are made.
        ///
        /// - Returns: Whether there is room for them.
        /// - Throws: `Remark`: with them there are too many; told once.
        mutating func add(_ added: Int, at position: Position) throws(Remark) -> Bool {
            guard count <= Model.mostPlaces else { return false }
            count += added
            guard count > Model.mostPlaces else { return true }
            throw .error(Model.complaint(of: count, what), at: position)
        }
    }

    /// How many servers, and how many addresses to listen on, the lines so far have.
    struct Counts: Sendable {
        var servers = Count(of: "servers")
        var listeners = Count(of: "addresses to listen on")
    }

    var counts = Counts()
    /// Whether every file could be read, so that a name that is nowhere is a mistake.
    var isComplete = true
    /// Whether no line is wrong: what is named nowhere may be named in one that is.
    var isRight = true
    /// The names of all scripts, also of those that have something wrong.
    var scriptNames: Set<String> = []
    /// The names of scripts that are not run, so that nothing tracks them.
    var refusedScripts: Set<String> = []
    /// The names of all tracked files, also of those that have something wrong.
    var trackFileNames: Set<String> = []
    /// The names of all tracked programs, also of those that have something wrong.
    var trackProcessNames: Set<String> = []
    /// The names of all pools, also of those that have something wrong.
    var backendNames: Set<String> = []
    /// A rule that leads to a backend which is not known before all sections are.
    struct BackendSample: Sendable {
        let frontend: String
        /// Its position among the frontend's.
        let rule: Int
        let sample: HAProxyBackendSample
    }

    var backendSamples: [Placed<BackendSample>] = []
    /// An access list that a rule names.
    struct ListUse: Sendable {
        /// What it is called where it is too long.
        let name: String
        let lineCount: Int
    }

    /// Each time that a rule asks an access list of more than one value.
    var listUses: [Placed<ListUse>] = []
    /// The names of all tables, also of those that have something wrong.
    var tableNames: Set<String> = []
    /// The names of all named checks, also of those that have something wrong.
    var checkNames: Set<String> = []
    /// Where the servers' names are.
    var serverLocations: [ServerReference: Location] = [:]
    /// The servers that others track.
    var trackedServers: [Placed<ServerReference>] = []
    /// How many sections haproxy would number.
    var proxyCount = 0
    /// The numbers and names that sections and servers were given.
    var sectionNumbers: [Placed<Int>] = []
    var guids: [Placed<String>] = []
    /// Where a check by a program is asked for.
    var commandChecks: [Location] = []
    var global = GlobalSettings()
    /// Where haproxy's files say what they may say once in all of them, by the word.
    var saidOnce: [String: Location] = [:]
    /// The last `defaults` section of haproxy's files.
    var defaultsLocation: Location?
    /// `zero-warning`: where it is asked that a warning is as bad as an error.
    var zeroWarning: Location?
    /// `ca-base`, `crt-base` and what `bind … ssl` has by itself, for the lines after them.
    var bindSurroundings = HAProxyBind.Surroundings()
    /// What the servers' lines after it have of TLS by themselves.
    var tlsDefaults = HAProxyTLSDefaults()
    /// A server's line that says `ssl` or `crl-file`.
    struct TLSLine: Sendable {
        /// The line's first server; those of `server-template` are alike.
        let server: ServerReference
        /// Where `crl-file` is.
        let revocationLocation: Location?
    }

    var tlsLines: [Placed<TLSLine>] = []
    /// What is in files that servers' lines name, by their paths.
    var authorities: [String: [UInt8]] = [:]
    var certificates: [String: [UInt8]] = [:]
    var revocationLists: [String: [UInt8]] = [:]
    var ticketKeys: [String: [[UInt8]]] = [:]
    /// `ssl-server-verify`: whether certificates are verified where a server's line says nothing.
    var verifiesServers = true
    /// The servers whose lines say nothing of that.
    var serversWithoutVerify: Set<ServerReference> = []
    /// What sections say of all their servers.
    var surroundings = ServerSurroundings()
    var interfaceDelays: [Placed<InterfaceDelays>] = []
    var routers: [Placed<Router>] = []
    /// The names of all instances, also of those that have something wrong.
    var instanceNames: Set<String> = []
    var syncGroups: [Placed<VirtualRouterGroup>] = []
    /// The names that sync groups list.
    var groupMembers: [Placed<String>] = []
    var scripts: [Placed<TrackScript>] = []
    var trackFiles: [Placed<TrackFile>] = []
    var trackProcesses: [Placed<TrackProcess>] = []
    var trackReferences: [Placed<TrackReference>] = []
    var frontends: [Placed<Frontend>] = []
    var backends: [Placed<Backend>] = []
    var pages: [Placed<StatisticsPage>] = []
    var backendReferences: [Placed<String>] = []
    var ruleReferences: [Placed<RuleReference>] = []
    /// The variables that rules name.
    var variableReferences: [Placed<HAProxyVariables.Reference>] = []
    var listeners: [Placed<Listening>] = []
    var tables: [Placed<StickTableSettings>] = []
    var tableReferences: [Placed<TableReference>] = []
    var resolvers: [Placed<ResolverSection>] = []
    var peers: [Placed<HAProxyPeers>] = []
    /// The sections `peers` that tables name.
    var peersReferences: [Placed<String>] = []
    /// The sections `resolvers` that servers name.
    var resolverReferences: [Placed<String>] = []
}
