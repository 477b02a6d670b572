import Testing

/// The tests that start servers or watch a clock: side by side they would take each other's time.
@Suite(.serialized) struct `One after another` {}
