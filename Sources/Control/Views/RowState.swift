/// What a row's colour says, as on haproxy's page.
enum RowState: String, CaseIterable {
    case up, goingDown, goingUp, down, draining, maintenance, waiting, unchecked, open

    /// Reads haproxy's words for the state of a server, a pool or a frontend.
    init(status: String) {
        let isMoving = status.contains("/")
        self =
            switch status.prefix(while: { $0 != " " }) {
            case "UP": isMoving ? .goingDown : .up
            case "DOWN": isMoving ? .goingUp : .down
            case "NOLB", "DRAIN": .draining
            case "MAINT", "STOP", "PAUSED": .maintenance
            case "INI": .waiting
            case "OPEN": .open
            case "FULL": .goingDown
            default: .unchecked
            }
    }

    init(_ state: VirtualRouterStatus.State) {
        self =
            switch state {
            case .active: .up
            case .backup: .open
            case .initialize: .waiting
            case .fault: .down
            }
    }

    init(_ state: BalancerStatus.State) {
        self =
            switch state {
            case .running: .up
            case .starting: .waiting
            case .restarting, .unresponsive: .down
            case .stopping: .draining
            case .none: .unchecked
            }
    }
}
