import FoundationEssentials

/// Why a model could not be passed from one process to the other.
public enum ModelCodingError: Error, Hashable, Sendable {
    /// The model could not be written; the text says what part.
    case unwritable(String)
    /// The bytes are no model of this version of the program; the text says where and why.
    case unreadable(String)
}

extension Model {
    /// The model as JSON, for the pipe to another process of the same program.
    ///
    /// No form to keep: only the same version of the program reads it.
    ///
    /// - Returns: JSON as UTF-8 bytes, the same for equal models.
    /// - Throws: ``ModelCodingError/unwritable(_:)``.
    public func encoded() throws(ModelCodingError) -> [UInt8] {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return Array(try encoder.encode(self))
        } catch {
            throw .unwritable("\(error)")
        }
    }

    /// Reads what ``encoded()`` wrote.
    ///
    /// - Parameter bytes: JSON as UTF-8 bytes.
    /// - Throws: ``ModelCodingError/unreadable(_:)``.
    public init(decoding bytes: [UInt8]) throws(ModelCodingError) {
        do {
            self = try JSONDecoder().decode(Model.self, from: Data(bytes))
        } catch {
            throw .unreadable("\(error)")
        }
    }
}
