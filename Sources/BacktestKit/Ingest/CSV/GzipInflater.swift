import BacktestFiles

/// Inflates gzip data, also of several members one after another.
final class GzipInflater {
  /// What a step came to.
  enum Step {
    case written(Int)
    /// More input is needed; its end is the end of the text where `mayEnd`.
    case needsInput(mayEnd: Bool)
    case finished
    case damaged(String)
  }

  private let stream = InflateStream(.gzip)
  private var input: [UInt8]
  private var position = 0
  private var isBetweenMembers = false

  init(pending: [UInt8]) { input = pending }

  /// Hands over more input; only after a step needed it.
  func feed(_ bytes: some Collection<UInt8>) {
    input = Array(bytes)
    position = 0
  }

  /// Writes some bytes of text into `target`, which is not empty.
  func inflate(into target: UnsafeMutableRawBufferPointer) -> Step {
    if isBetweenMembers {
      // A member may follow; padding of zeros may too, and ends the data.
      guard position < input.count else { return .needsInput(mayEnd: true) }
      guard input[position] == 0x1F else { return .finished }
      stream.reset()
      isBetweenMembers = false
    }
    guard position < input.count else { return .needsInput(mayEnd: false) }
    let step = input.withUnsafeBytes { source in
      stream.inflate(UnsafeRawBufferPointer(rebasing: source[position...]), into: target)
    }
    position += step.read
    if case .damaged(let reason) = step.status { return .damaged(reason) }
    isBetweenMembers = step.status == .finished
    return .written(step.written)
  }
}
