/// The units of a long job that are done already, such as the runs of a sweep, so that a job that
/// was killed goes on where it stopped. What it gives must not depend on which units were kept.
package protocol FinishedUnits: Sendable {
  /// What a unit gave; `nil` unless it is finished.
  func bytes(of unit: Int) -> [UInt8]?
  /// Keeps what a unit gave; called on any thread, once for each unit.
  func add(_ bytes: [UInt8], of unit: Int)
}
