import Testing

/// One after the other: they measure times, move gigabytes and use up descriptors.
@Suite(.serialized) enum BalancerTests {}
