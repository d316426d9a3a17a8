/// The account features of past rows of a window.
struct StateHistory: Sendable {
  /// A feature that is kept, and its asset.
  struct Column: Sendable, BitwiseCopyable {
    var kind: StateFeature.Kind
    var asset: Int
  }

  private let columns: ContiguousArray<Column>
  private let mask: Int
  private var values: ContiguousArray<Double>
  private var rowCount = 0

  /// A history of so many rows, zero at first; where no row is past, nothing is kept.
  init(columns: ContiguousArray<Column>, depth: Int) {
    var size = 1
    while size < depth { size *= 2 }
    mask = size - 1
    self.columns = depth > 1 ? columns : []
    values = ContiguousArray(repeating: 0, count: size * self.columns.count)
  }

  /// Keeps the row of now.
  mutating func append(_ state: PolicyAccountState) {
    let base = (rowCount & mask) &* columns.count
    for index in columns.indices {
      values[base &+ index] = columns[index].kind.value(state, asset: columns[index].asset)
    }
    rowCount &+= 1
  }

  /// The value of a column so many rows before the newest; zero before the first row.
  func value(_ column: Int, age: Int) -> Double {
    values[((rowCount &- 1 &- age) & mask) &* columns.count &+ column]
  }
}
