#if Program
internal import Failover
internal import NodeConfiguration

extension Log.Severity {
    init(_ line: LogLine) {
        if line.isDetail {
            self = .detail
            return
        }
        self =
            switch line.severity {
            case .info: .information
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            }
    }

    init(_ diagnostic: Diagnostic) {
        self =
            switch diagnostic.severity {
            case .error: .error
            case .warning: .warning
            case .note: .notice
            }
    }
}
#endif
