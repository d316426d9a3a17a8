internal import Glibc

/// The builders of a file, one for each symbol, in the order in which symbols first appear.
struct CSVBuilderSet: ~Copyable {
  /// The builder of the row that is being read; there is one once a symbol has been selected.
  private(set) var selected: UnsafeMutablePointer<CSVBarBuilder>!
  private var all: [UnsafeMutablePointer<CSVBarBuilder>] = []
  private var indices: [[UInt8]: Int] = [:]
  private var selectedIndex = 0

  deinit {
    for builder in all {
      builder.pointee.release()
      builder.deinitialize(count: 1)
      builder.deallocate()
    }
  }

  var count: Int { all.count }

  /// The builder at a position.
  subscript(index: Int) -> UnsafeMutablePointer<CSVBarBuilder> { all[index] }

  /// Adds a builder and selects it.
  mutating func open(_ symbol: String, expectedCount: Int, file: String) {
    let builder = UnsafeMutablePointer<CSVBarBuilder>.allocate(capacity: 1)
    builder.initialize(
      to: CSVBarBuilder(
        symbol: symbol, symbolBytes: Array(symbol.utf8), expectedCount: expectedCount, file: file))
    selectedIndex = all.count
    all.append(builder)
    selected = builder
  }

  /// Selects the builder of a symbol, adding it when it is new.
  ///
  /// Long files go through all symbols over and over, or stay with one for many rows, so the
  /// selected one and the one after it are tried before the table.
  @inline(__always)
  mutating func select(_ symbol: UnsafeBufferPointer<UInt8>, file: String) {
    if !all.isEmpty {
      if isSelected(symbol) { return }
      selectedIndex = selectedIndex + 1 == all.count ? 0 : selectedIndex + 1
      selected = all[selectedIndex]
      if isSelected(symbol) { return }
    }
    find(symbol, file: file)
  }

  @inline(__always)
  private func isSelected(_ symbol: UnsafeBufferPointer<UInt8>) -> Bool {
    let bytes = selected.pointee.symbolBytes
    guard bytes.count == symbol.count else { return false }
    guard let start = symbol.baseAddress else { return true }
    return bytes.withUnsafeBytes { memcmp($0.baseAddress!, start, symbol.count) == 0 }
  }

  @inline(never)
  private mutating func find(_ symbol: UnsafeBufferPointer<UInt8>, file: String) {
    let bytes = Array(symbol)
    if let index = indices[bytes] {
      selectedIndex = index
      selected = all[index]
      return
    }
    indices[bytes] = all.count
    let name = String(decoding: bytes, as: UTF8.self)
    open(name, expectedCount: 64, file: file)
    selected.pointee.symbolBytes = bytes
  }
}
