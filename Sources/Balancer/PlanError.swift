public import LinuxIO

/// Why a balancer cannot begin with a plan, or cannot go on by it.
public enum PlanError: Error, Hashable {
    /// What is wrong with the plan (``BalancerPlan/fault``), alone or with what stays behind of the one
    /// before.
    case fault(String)
    /// It has another number of reactors than the balancer; a new one can begin with it.
    case otherReactors
    /// The system gives no more.
    case system(SystemError)
}

extension PlanError: CustomStringConvertible {
    /// The reason, for people.
    public var description: String {
        switch self {
        case .fault(let fault): fault
        case .otherReactors: "another number of reactors takes a new balancer"
        case .system(let error): error.description
        }
    }
}
