import BacktestCore

/// The observations of a policy at every close of a market, computed once and shared by all
/// episodes: what bars alone determine, normalised and rounded to 32 bits.
///
/// Numbers about the account are zero in it: an episode writes its own over them. The observations
/// of a window that moves on by one row share memory, so that a window of fifty rows takes as much
/// as one.
final class ObservationTable: Sendable {
  /// What there is at an instant.
  enum Entry: Sendable, Equatable, BitwiseCopyable {
    /// None of the policy's assets closed, or too few bars have.
    case none
    /// The observation begins at this place of `numbers`.
    case ready(Int)
    /// A feature has no value, which the definition does not allow; `column` is its position.
    case missing(column: Int)
  }

  /// The numbers of one observation.
  let count: Int
  /// The numbers of all observations: in memory that is read without counting references.
  nonisolated(unsafe) let numbers: UnsafeMutablePointer<Float>
  /// What there is at each instant.
  let entries: Column<Entry>
  /// The most numbers that a table may have: 4 GiB of them.
  static let limit = 1 << 30

  /// Replays a market without trading, and writes down what the policy would observe.
  ///
  /// - Parameters:
  ///   - runner: has seen no bar.
  ///   - feed: the market.
  ///   - configuration: says which closes are decisions.
  /// - Throws: `PolicyError` where the observations would not fit into memory.
  init(
    _ runner: PolicyRunner, on feed: Feed, configuration: BacktestConfiguration,
    normaliser: Normaliser
  ) throws(PolicyError) {
    var runner = runner
    var configuration = configuration
    configuration.window = nil
    configuration.warmup = nil
    count = runner.builder.count
    var writer = Writer(
      count: count, rowWidth: runner.builder.rowWidth, normaliser: normaliser)
    var entries = ContiguousArray(repeating: Entry.none, count: feed.instants.count)
    var engine = Engine(feed: feed, configuration: configuration, warmup: feed.instants.count)
    while true {
      let step = engine.advance()
      if step == .finished { break }
      guard step == .bars else { continue }
      let bars = engine.bars
      let closed = runner.countCloses(bars)
      runner.takeInputs(bars)
      guard closed > 0 else { continue }
      switch runner.builder.fill(writer.room, state: runner.state) {
      case .waiting: break
      case .missing(let column): entries[engine.lastInstant] = .missing(column: column)
      case .ready:
        let place = writer.append()
        guard writer.numbers.count <= Self.limit else {
          throw PolicyError(
            "\(feed.instants.count) observations of \(count) numbers take more than 4 GiB; observe "
              + "fewer rows or features, or give fewer bars")
        }
        entries[engine.lastInstant] = .ready(place)
      }
    }
    let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: writer.numbers.count + 1)
    _ = memory.initialize(fromContentsOf: writer.numbers)
    guard let start = memory.baseAddress else { preconditionFailure("out of memory") }
    numbers = start
    self.entries = Column(entries)
  }

  /// Copies the observation that begins at a place.
  @inline(__always)
  func copy(from place: Int, to observation: UnsafeMutablePointer<Float>) {
    observation.update(from: numbers + place, count: count)
  }

  deinit { numbers.deallocate() }

  /// Appends observations to a table.
  private struct Writer: ~Copyable {
    var numbers: ContiguousArray<Float> = []
    /// Where the next observation is written.
    let room: UnsafeMutableBufferPointer<Double>
    private let rowWidth: Int
    private let normaliser: PreparedNormaliser
    /// Where the last observation begins.
    private var last: Int?

    init(count: Int, rowWidth: Int, normaliser: Normaliser) {
      self.rowWidth = rowWidth
      room = .allocate(capacity: count)
      room.initialize(repeating: 0)
      self.normaliser = PreparedNormaliser(normaliser)
    }

    deinit { room.deallocate() }

    /// Appends what was written into the room; returns where it begins.
    mutating func append() -> Int {
      normaliser.apply(to: room)
      if let last, let kept = overlap(from: last) {
        for value in room[kept...] { numbers.append(Float(value)) }
        self.last = numbers.count - room.count
      } else {
        last = numbers.count
        for value in room { numbers.append(Float(value)) }
      }
      return numbers.count - room.count
    }

    /// How many of its numbers are the last ones of the table, moved on by one row; `nil` where
    /// none are.
    private func overlap(from last: Int) -> Int? {
      let kept = room.count - rowWidth
      guard kept > 0 else { return nil }
      for index in 0..<kept
      where numbers[last + rowWidth + index].bitPattern != Float(room[index]).bitPattern {
        return nil
      }
      return kept
    }
  }
}
