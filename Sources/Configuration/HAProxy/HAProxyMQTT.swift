/// Samples of MQTT; haproxy's configuration manual, section 7.3.1, `mqtt_field_value` and `mqtt_is_valid`.
extension Word {
    /// `req.payload(0,0),mqtt_field_value(connect,FIELD)`; `nil`: another key.
    func mqttKey() throws(Remark) -> ConnectionKeyName? {
        let parts = items
        guard parts.count == 2, parts[0].isWholePayload else { return nil }
        return try parts[1].mqttField().map { .mqttField($0) }
    }

    /// All that a client has said.
    private var isWholePayload: Bool { text == "req.payload(0,0)" || text == "payload(0,0)" }

    /// `mqtt_field_value(connect,FIELD)`; `nil`: another converter.
    private func mqttField() throws(Remark) -> MQTTField? {
        let name = "mqtt_field_value("
        guard text.hasPrefix(name), text.hasSuffix(")") else { return nil }
        let words = text.dropFirst(name.count).dropLast().split(
            separator: ",", omittingEmptySubsequences: false
        ).map { String($0) }
        // haproxy also takes the number of the kind of packet.
        guard words.count == 2, ["connect", "1"].contains(words[0].lowercased()),
            let field = MQTTField(rawValue: words[1].lowercased())
        else {
            let fields = MQTTField.allCases.map(\.rawValue).joined(separator: " or ")
            throw .error(
                "\(text.quoted): must be mqtt_field_value(connect,FIELD) with \(fields)",
                at: position)
        }
        return field
    }

    /// What is asked about the packet that a client of MQTT begins with.
    ///
    /// - Parameters:
    ///   - values: What follows the word.
    ///   - patterns: Makes the texts of them that a field is compared with.
    /// - Returns: The question; `nil`: something else is asked.
    /// - Throws: A remark at the word, where the field is none, or at a value, where there must be none.
    func mqttQuestion(
        _ values: [Word], _ patterns: () throws(Remark) -> [NameMatch]
    ) throws(Remark) -> ConnectionQuestion? {
        let parts = items
        guard parts.count == 2, parts[0].isWholePayload else { return nil }
        if parts[1].text == "mqtt_is_valid" {
            guard values.isEmpty else {
                throw .error(
                    "mqtt_is_valid is true or false: it takes no value", at: values[0].position)
            }
            return .mqttValidity
        }
        guard let field = try parts[1].mqttField() else { return nil }
        return .mqttField(field, try patterns())
    }

    /// The word, and while it ends with a comma those after it, as haproxy reads samples.
    func joined(with words: inout ArraySlice<Word>) -> Word {
        var sample = self
        while sample.text.hasSuffix(","), let next = words.first, !next.text.hasPrefix("-") {
            words.removeFirst()
            sample = Word(text: sample.text + next.text, position: position, isQuoted: isQuoted)
        }
        return sample
    }
}

extension Arguments {
    /// The sample that is next; its converters may stand apart, after a comma.
    mutating func nextSample(_ what: String) throws(Remark) -> Word {
        var sample = try next(what)
        while sample.text.hasSuffix(","), let word = nextIfPresent() {
            sample = Word(text: sample.text + word.text, position: sample.position)
        }
        return sample
    }
}
