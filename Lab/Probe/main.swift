// A client that asks every few milliseconds and reports for how long nobody answered.

import Glibc

let options: Options
do {
    options = try Options(parsing: Array(CommandLine.arguments.dropFirst()))
} catch {
    let message = "labprobe: \(error.reason)\n\(Options.usage)\n"
    write(STDERR_FILENO, message, message.utf8.count)
    exit(2)
}
var probe = Probe(options)
exit(probe.run() ? 0 : 1)
