/// A number about the account in an observation.
struct AccountCell: Sendable, BitwiseCopyable {
  /// Its position in the observation.
  var position: Int
  var kind: StateFeature.Kind
  var asset: Int
  /// Its position among the values of past rows; `nil` shows that of now.
  var kept: Int?
  /// Rows before the newest.
  var age: Int
  /// What the value is multiplied by.
  var scale: Double
}

/// Writes the numbers about the account into observations whose other numbers are there already.
struct AccountCells: Sendable {
  private let cells: ContiguousArray<AccountCell>
  /// `nil` where numbers are only rounded.
  private let normaliser: PreparedNormaliser?
  /// Whether a missing number counts as zero.
  private let isZeroWhereMissing: Bool
  private var history: StateHistory
  private let isKept: Bool
  private var room: ContiguousArray<Double>

  init(_ builder: ObservationBuilder, _ definition: ObservationDefinition) {
    cells = builder.accountCells
    let isNormalised = definition.normaliser != .none
    normaliser =
      isNormalised
      ? PreparedNormaliser(definition.normaliser.selecting(cells.map(\.position))) : nil
    isZeroWhereMissing = definition.missing == .zero
    history = builder.emptyHistory
    isKept = cells.contains { $0.kept != nil }
    room = ContiguousArray(repeating: 0, count: cells.count)
  }

  /// The rows of the past that it shows.
  var depth: Int { isKept ? (cells.map(\.age).max() ?? 0) : 0 }

  /// The numbers, where all of them are of now and are only rounded; else `nil`.
  var plain: ContiguousArray<AccountCell>? { isKept || normaliser != nil ? nil : cells }

  /// Takes in the account at a close.
  mutating func append(_ state: PolicyAccountState) {
    if isKept { history.append(state) }
  }

  /// Computes the numbers of now; gives the position of the first that is missing, or `nil`.
  mutating func update(_ state: PolicyAccountState) -> Int? {
    var missing: Int?
    for index in cells.indices {
      let cell = cells[index]
      let value =
        cell.kept.map { history.value($0, age: cell.age) }
        ?? cell.kind.value(state, asset: cell.asset)
      let number = cell.scale * value
      room[index] = number.isFinite ? number : 0
      if !number.isFinite, !isZeroWhereMissing { missing = min(missing ?? .max, cell.position) }
    }
    if let normaliser { room.withUnsafeMutableBufferPointer { normaliser.apply(to: $0) } }
    return missing
  }

  /// Writes the numbers that `update` computed.
  func write(to observation: UnsafeMutablePointer<Float>) {
    for index in cells.indices { observation[cells[index].position] = Float(room[index]) }
  }
}
