#if Program
internal import Control
internal import NodeConfiguration

extension ServerOrder {
    /// What the operator is told once it is given: how the server is now, in a line.
    ///
    /// - Parameter server: The server.
    /// - Returns: `http/web01: weight 0, takes no new connections`, for example.
    func outcome(for server: Server) -> String {
        let limit = deadline.map { " for \($0.inDigits) s at most" } ?? ""
        let isChecked = server.check != nil
        let effect: String? =
            switch change {
            case .ready: "takes connections" + (isChecked ? " as long as its check succeeds" : "")
            case .drain: "takes no new connections; those that it has go on\(limit)"
            case .maintenance:
                "takes no connections" + (isChecked ? " and is not checked" : "")
                    + "; those that it has go on\(limit)"
            case .weight(0): "takes no new connections"
            case .connectionLimit(0): "as many as come"
            case .weight, .connectionLimit, .address, .configuredAddress: nil
            }
        return "\(serverName): \(change)" + (effect.map { ", \($0)" } ?? "")
    }
}

extension Double {
    /// The number, without a point where it is a whole one.
    fileprivate var inDigits: String { self == rounded() ? "\(Int(self))" : "\(self)" }
}
#endif
