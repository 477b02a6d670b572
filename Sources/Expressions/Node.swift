/// An expression as a tree.
indirect enum Node: Sendable {
    /// Nothing, which is found everywhere.
    case empty
    /// One byte of these.
    case byte(ByteSet)
    /// A place between bytes.
    case place(Place)
    /// One after another.
    case sequence([Node])
    /// One of these.
    case choice([Node])
    /// The same again and again; `nil`: without an upper bound.
    case repeated(Node, least: Int, most: Int?)
}

/// A place between two bytes, by what is before and after it.
enum Place: Hashable, Sendable {
    /// `\A`, and `^` without `(?m)`.
    case start
    /// `\z`.
    case end
    /// `\Z`, and `$` without `(?m)`: the end, or before a line end that is the last byte.
    case lastLineEnd
    /// `^` with `(?m)`.
    case lineStart
    /// `$` with `(?m)`.
    case lineEnd
    /// `\b`.
    case wordEdge
    /// `\B`.
    case noWordEdge
}
