import Foundation

/// The client that asks every 5 ms and measures for how long nobody answered.
struct LabProbe {
    /// What the probe saw from its start to its end.
    struct Result {
        var gapsInMilliseconds: [Double] = []
        var answerCount = 0
        var failureCount = 0
    }

    private struct Line: Decodable {
        let event: String
        let length_ms: Double?
        let answers: Int?
        let failures: Int?
    }

    private let program: LabProgram

    init(_ target: String, in lab: Lab, firstAnswerWithin limit: Duration) throws(LabError) {
        program = try lab.start(
            .client, [Lab.binary("labprobe"), target, "--json"], log: "probe-\(target)")
        try program.awaitLog(#""ready""#, within: limit)
    }

    /// Ends the probe and reads what it saw.
    func stop() throws -> Result {
        program.signal(SIGTERM)
        _ = try program.awaitExit(within: .seconds(5))
        var result = Result()
        for text in program.log.split(separator: "\n") {
            let line = try JSONDecoder().decode(Line.self, from: Data(text.utf8))
            if line.event == "gap", let length = line.length_ms {
                result.gapsInMilliseconds.append(length)
            }
            result.answerCount = line.answers ?? result.answerCount
            result.failureCount = line.failures ?? result.failureCount
        }
        return result
    }
}
