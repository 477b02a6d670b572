/// Lines of the block `interface_up_down_delays` of keepalived's language.
enum KeepalivedDelays {
    private static let limit = Duration.seconds(255)

    /// Reads the block: `INTERFACE DOWN [UP]` on each line.
    static func read(_ arguments: inout Arguments) -> [(delays: InterfaceDelays, word: Word)] {
        var lines: [(InterfaceDelays, Word)] = []
        arguments.readItems(of: "an interface") { item, word throws(Remark) in
            let name = try word.interface()
            let down = try item.seconds(in: .zero...limit)
            let up = item.upcoming == nil ? down : try item.seconds(in: .zero...limit)
            item.ignoreRest()
            lines.append((InterfaceDelays(interface: name, down: down, up: up), word))
        }
        return lines
    }
}
