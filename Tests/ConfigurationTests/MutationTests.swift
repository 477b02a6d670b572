import NodeConfiguration
import Testing
import VRRPTestKit

@Suite struct `Mutated files` {
    private static let insertions =
        [
            "{", "}", "\"", "'", "\\", "#", "!", "\n", "\r", " ", "\u{A0}", "\u{FEFF}", "${", "@",
            "-1",
            "99999999999999999999", "0", "é", "\u{301}", "vrrp_instance x {", "listen x :1\n",
            "from",
            "no ", "0.0.0.0:0", "224.0.0.1", "virtual_ipaddress {", "track_script {", "weight", ":",
            "/",
            "stats ", "server ", "timeout ", "option ", "bind ", "\u{202E}", "1-65535", ",",
        ].map { Array($0.utf8) } + [[0xFF], [0xC2], [0x00], [0xE2, 0x80]]

    private static func mutated(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            let end = min(bytes.count, place + Int.random(in: 0...40, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0 where place < bytes.count:
                bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes.removeSubrange(place..<end)
            case 2:
                bytes.insert(
                    contentsOf: bytes[place..<end],
                    at: Int.random(in: 0...bytes.count, using: &random))
            case 3 where Bool.random(using: &random): bytes.removeSubrange(place...)
            default:
                let insertion = insertions.randomElement(using: &random) ?? []
                bytes.insert(contentsOf: insertion, at: place)
            }
        }
        return bytes
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `are read or refused with a place inside the file`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let files = try Fixture.allCases.map { try $0.file }
        for round in 0..<300 {
            let file = files[round % files.count]
            let bytes = Self.mutated(file.bytes, &random)
            let format: SourceFormat? =
                round % 5 == 0 ? .allCases.randomElement(using: &random) : nil
            let loader = ConfigurationLoader(format: format)
            let set = [InputFile(name: "f", bytes: bytes), files[(round + 1) % files.count]]
            let loaded = loader.load(set)
            let attempt: Comment = "seed \(seed), round \(round)"
            let hasError = loaded.diagnostics.contains { $0.severity == .error }
            #expect(hasError == (loaded.model == nil), attempt)
            let lines = String(decoding: bytes, as: UTF8.self).unicodeScalars.split(
                separator: "\n", omittingEmptySubsequences: false)
            for diagnostic in loaded.diagnostics where diagnostic.file == "f" {
                guard lines.indices.contains(diagnostic.line - 1) else {
                    Issue.record("\(diagnostic) is behind the last line; \(attempt)")
                    continue
                }
                #expect(diagnostic.column >= 1, attempt)
                #expect(diagnostic.column <= lines[diagnostic.line - 1].count + 1, attempt)
            }
            guard let model = loaded.model else { continue }
            if round % 4 == 0 { #expect(loader.convert(set).difference == nil, attempt) }
            #expect(try Model(decoding: try model.encoded()) == model, attempt)
            let pools = Set(model.backends.map(\.name))
            #expect(model.frontends.allSatisfy { pools.contains($0.backendName) }, attempt)
            let scripts = Set(model.scripts.map(\.name))
            #expect(
                model.virtualRouters.flatMap(\.trackedScripts).allSatisfy {
                    scripts.contains($0.name)
                }, attempt)
        }
    }
}
