internal import Synchronization

/// Whether the user asked the program to stop, and whether it can end at this moment.
///
/// A program that computes can end anywhere. One that has begun what must be undone, such as a file
/// or another program, cannot. That work goes into a shield. It asks `isRaised` several times a
/// second, cleans up and throws.
///
///     try interrupt.shield { (): throws(FileError) in try write(pieces, unless: interrupt) }
package final class Interrupt: Sendable {
  private let wasRaised = Atomic<Bool>(false)
  private let shieldCount = Atomic<Int>(0)
  private let isClaimed = Atomic<Bool>(false)

  /// One that nobody has raised.
  package init() {}

  /// Whether the user asked to stop.
  package var isRaised: Bool { wasRaised.load(ordering: .sequentiallyConsistent) }

  /// Asks to stop; may be called from a signal handler.
  package func raise() { wasRaised.store(true, ordering: .sequentiallyConsistent) }

  /// Whether something is under way that must be undone first.
  package var isShielded: Bool { shieldCount.load(ordering: .sequentiallyConsistent) > 0 }

  /// Does work that must not be cut off. What begins inside asks `isRaised` first: either it sees
  /// the request, or whoever ends the program sees the shield.
  package func shield<Value: ~Copyable, Failure: Error>(
    _ work: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    shieldCount.add(1, ordering: .sequentiallyConsistent)
    defer { shieldCount.subtract(1, ordering: .sequentiallyConsistent) }
    return try work()
  }

  /// Whether the caller is the first that ends the program, and so reports it.
  package func claimEnd() -> Bool {
    !isClaimed.exchange(true, ordering: .sequentiallyConsistent)
  }
}
