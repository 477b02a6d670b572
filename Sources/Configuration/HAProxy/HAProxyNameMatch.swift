import Expressions

/// What makes a word a pattern of texts.
extension Word {
    /// That the word is an expression which a table can be made of.
    func checkExpression(ignoringCase: Bool) throws(Remark) {
        do throws(ExpressionError) {
            _ = try RegularExpression(text, ignoringCase: ignoringCase).automaton()
        } catch {
            throw .error("-m reg \(text.quoted): \(error)", at: position)
        }
    }

    /// That the word has more than what words stand between, where whole words are compared.
    func checkWord(_ method: NameMatch.Method) throws(Remark) {
        guard !method.delimiters.isEmpty, text.allSatisfy(method.delimiters.contains) else {
            return
        }
        throw .error(
            "-m \(method.rawValue) \(text.quoted): must have more than the delimiters"
                + " \(method.delimiters), as 'example' has", at: position)
    }
}
