/// Reads a pickle as a table of plain values.
///
/// A pickle is a program for a stack machine, and in Python its names are looked up and called.
/// This reader can do neither: the few names that a profile lists are only markers, and all others
/// are errors. It builds numbers, texts, containers and descriptions of tensors, each checked
/// before use and limited in size, number and depth.
/// > The opcodes are those of CPython's `pickletools` (protocols 2 to 5, PEP 307, 3154 and 574).
struct PickleReader {
  let profile: PickleProfile
  private(set) var graph: PickleGraph
  private let view: BinaryView
  private let budget: CheckpointBudget
  private var position = 0
  private var stack: [PickleValue] = []
  /// The heights of the stack at which marks were set.
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]

  private static let opcodeLimit = 5_000_000
  private static let stackLimit = 100_000
  private static let textLimit = 1 << 20

  /// Reads all of a pickle.
  static func read(
    _ bytes: ArraySlice<UInt8>, _ profile: PickleProfile, _ budget: CheckpointBudget
  ) throws(CheckpointError) -> PickleGraph {
    var reader = PickleReader(bytes, profile, budget)
    try reader.run()
    return reader.graph
  }

  private init(
    _ bytes: ArraySlice<UInt8>, _ profile: PickleProfile, _ budget: CheckpointBudget
  ) {
    self.profile = profile
    self.budget = budget
    graph = PickleGraph(bytes)
    view = BinaryView(bytes)
  }

  private mutating func run() throws(CheckpointError) {
    if view.count > 0, !view.hasBytes([0x80], at: 0) {
      throw CheckpointError(
        problem: "pickle protocol 0 or 1: expected \(profile.protocols)",
        advice: ReexportAdvice.stateDictionary)
    }
    for count in 0..<Self.opcodeLimit {
      try refuse(stack.count + marks.count > Self.stackLimit, "stack too deep")
      let opcode = UInt8(truncatingIfNeeded: try unsigned(UInt8.self))
      if opcode == 0x80 {
        let version = try unsigned(UInt8.self)
        try refuse(count > 0, "the protocol is named twice")
        try refuse(
          version < 2 || version > profile.highestProtocol,
          "pickle protocol \(version), expected \(profile.protocols)")
      } else if opcode == 0x2E {
        try refuse(stack.count != 1 || !marks.isEmpty, "not one value at STOP")
        try refuse(position != view.count, "bytes after STOP")
        graph.root = stack[0]
        return
      } else {
        try perform(opcode)
      }
    }
    throw CheckpointError(problem: "too many opcodes: more than \(Self.opcodeLimit)")
  }

  private mutating func perform(_ opcode: UInt8) throws(CheckpointError) {
    try refuse(
      !profile.allows(opcode), "pickle opcode 0x\(String(opcode, radix: 16)) is not allowed")
    if let value = try plainValue(opcode) {
      stack.append(value)
      return
    }
    if try remember(opcode) { return }
    if try collect(opcode) { return }
    try build(opcode)
  }

  func refuse(_ condition: Bool, _ problem: @autoclosure () -> String) throws(CheckpointError) {
    if condition { throw CheckpointError(problem: problem()) }
  }
}

// Moving through the bytes and on the stack
extension PickleReader {
  private mutating func unsigned<Integer: FixedWidthInteger & UnsignedInteger>(
    _ type: Integer.Type
  ) throws(CheckpointError) -> Int {
    guard let value = view.integer(type, at: position) else {
      try refuse(position + Integer.bitWidth / 8 <= view.count, "a length over 63 bits")
      throw CheckpointError(problem: "pickle truncated")
    }
    position += Integer.bitWidth / 8
    return value
  }

  private mutating func place(_ count: Int) throws(CheckpointError) -> Range<Int> {
    try refuse(count > view.count - position, "pickle truncated")
    position += count
    return (position - count)..<position
  }

  private mutating func text(_ count: Int) throws(CheckpointError) -> String {
    try refuse(count > Self.textLimit, "string too long: \(count) bytes")
    let place = try place(count)
    try budget.takeText(count)
    guard let text = String(validating: graph.slice(place), as: UTF8.self) else {
      throw CheckpointError(problem: "a string is not valid UTF-8")
    }
    return text
  }

  /// A line of the old form of names.
  private mutating func line() throws(CheckpointError) -> String {
    let start = position
    while try unsigned(UInt8.self) != 0x0A {
      try refuse(position - start > 256, "unterminated line")
    }
    guard let text = String(validating: graph.slice(start..<(position - 1)), as: UTF8.self) else {
      throw CheckpointError(problem: "a name is not valid UTF-8")
    }
    return text
  }

  /// Removes the topmost value, which must be above the last mark.
  private mutating func pop() throws(CheckpointError) -> PickleValue {
    try refuse(stack.count <= marks.last ?? 0, "stack underflow")
    return stack.removeLast()
  }

  private func top() throws(CheckpointError) -> PickleValue {
    guard let top = stack.last, stack.count > marks.last ?? 0 else {
      throw CheckpointError(problem: "stack underflow")
    }
    return top
  }

  /// Removes the last mark and all values above it.
  private mutating func popMarked() throws(CheckpointError) -> [PickleValue] {
    guard let mark = marks.popLast() else { throw CheckpointError(problem: "no mark") }
    let items = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return items
  }
}

// Opcodes
extension PickleReader {
  /// The value that an opcode pushes without reading the stack; `nil` for other opcodes.
  private mutating func plainValue(_ opcode: UInt8) throws(CheckpointError) -> PickleValue? {
    switch opcode {
    case 0x4E: return PickleValue.none
    case 0x88: return .boolean(true)
    case 0x89: return .boolean(false)
    case 0x4B: return .integer(try unsigned(UInt8.self))
    case 0x4D: return .integer(try unsigned(UInt16.self))
    case 0x4A:
      return .integer(Int(Int32(truncatingIfNeeded: try unsigned(UInt32.self))))
    case 0x8A: return try longInteger()
    case 0x47:
      let bits = graph.slice(try place(8)).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return .number(Double(bitPattern: bits))
    case 0x58: return .text(try text(try unsigned(UInt32.self)))
    case 0x8C: return .text(try text(try unsigned(UInt8.self)))
    case 0x43: return .bytes(try place(try unsigned(UInt8.self)))
    case 0x42: return .bytes(try place(try unsigned(UInt32.self)))
    case 0x8E, 0x96: return .bytes(try place(try unsigned(UInt64.self)))
    case 0x29: return try graph.add(.tuple)
    case 0x5D: return try graph.add(.list)
    case 0x7D: return try graph.add(.dictionary)
    case 0x63:
      let module = try line()
      return .global(try named(module, try line()))
    default: return nil
    }
  }

  /// An integer in two's complement, with the number of bytes before it.
  private mutating func longInteger() throws(CheckpointError) -> PickleValue {
    let bytes = graph.slice(try place(try unsigned(UInt8.self)))
    guard bytes.count <= 8 else {
      // States of random generators have 128 bits; unsigned ones take a byte more.
      try refuse(bytes.count > 17, "integer over 128 bits")
      return .largeInteger
    }
    let isNegative = bytes.last.map { $0 & 0x80 != 0 } ?? false
    let bits = bytes.reversed().reduce(isNegative ? UInt64.max : 0) { $0 << 8 | UInt64($1) }
    return .integer(Int(Int64(bitPattern: bits)))
  }

  private func named(_ module: String, _ name: String) throws(CheckpointError) -> PickleGlobal {
    guard let global = profile.global(module, name) else {
      throw .foreignGlobal(module: module, name: name)
    }
    return global
  }

  /// Handles marks and the memo; returns whether the opcode was one of these.
  private mutating func remember(_ opcode: UInt8) throws(CheckpointError) -> Bool {
    switch opcode {
    case 0x28: marks.append(stack.count)
    case 0x95:
      let count = try unsigned(UInt64.self)
      try refuse(count > view.count - position, "pickle truncated: a frame is longer than it")
    case 0x71: try memorise(at: try unsigned(UInt8.self))
    case 0x72: try memorise(at: try unsigned(UInt32.self))
    case 0x94: try memorise(at: memo.count)
    case 0x68: try recall(try unsigned(UInt8.self))
    case 0x6A: try recall(try unsigned(UInt32.self))
    default: return false
    }
    return true
  }

  private mutating func memorise(at index: Int) throws(CheckpointError) {
    try graph.take(1)
    memo[index] = try top()
  }

  private mutating func recall(_ index: Int) throws(CheckpointError) {
    guard let value = memo[index] else { throw CheckpointError(problem: "memo entry missing") }
    stack.append(value)
  }

  /// Handles tuples and additions to containers; returns whether the opcode was one of these.
  private mutating func collect(_ opcode: UInt8) throws(CheckpointError) -> Bool {
    switch opcode {
    case 0x74: stack.append(try graph.add(.tuple, try popMarked()))
    case 0x85...0x87:
      var items: [PickleValue] = []
      for _ in 0..<(Int(opcode) - 0x84) { items.append(try pop()) }
      stack.append(try graph.add(.tuple, items.reversed()))
    case 0x61:
      let value = try pop()
      try graph.extend(try container(isList: true), [value])
    case 0x65:
      let values = try popMarked()
      try graph.extend(try container(isList: true), values)
    case 0x73:
      let value = try pop()
      try set([try pop(), value])
    case 0x75: try set(try popMarked())
    default: return false
    }
    return true
  }

  /// The list or dictionary on top of the stack.
  private func container(isList: Bool) throws(CheckpointError) -> Int {
    if case .node(let index) = try top() {
      switch graph.nodes[index].kind {
      case .list where isList: return index
      case .dictionary where !isList: return index
      default: break
      }
    }
    throw CheckpointError(
      problem: isList ? "append to a non-list" : "set item on a non-dictionary")
  }

  private mutating func set(_ items: [PickleValue]) throws(CheckpointError) {
    let dictionary = try container(isList: false)
    try refuse(items.count % 2 != 0, "odd item list")
    for position in stride(from: 0, to: items.count, by: 2) {
      switch items[position] {
      case .text(let key):
        try refuse(
          key.utf8.count > CheckpointLimits.keyBytes,
          "a dictionary key has more than \(CheckpointLimits.keyBytes) bytes")
      case .integer, .number, .boolean, .none: break
      default: throw CheckpointError(problem: "a dictionary key is neither a text nor a number")
      }
    }
    try graph.extend(dictionary, items)
  }

  /// Handles the opcodes that would look up, call or restore something in Python.
  private mutating func build(_ opcode: UInt8) throws(CheckpointError) {
    switch opcode {
    case 0x93:
      guard case .text(let name) = try pop(), case .text(let module) = try pop() else {
        throw CheckpointError(problem: "a name is not a text")
      }
      stack.append(.global(try named(module, name)))
    case 0x51:
      let reference = try pop()
      stack.append(try graph.add(.storage(try TorchStorage(graph.tuple(reference), graph))))
    case 0x52, 0x81:
      let arguments = graph.tuple(try pop())
      guard case .global(let global) = try pop(), let arguments else {
        throw CheckpointError(problem: "REDUCE of something other than a listed name")
      }
      stack.append(try graph.reduced(global, arguments, profile))
    case 0x62:
      let state = try pop()
      try graph.restore(try top(), from: state)
    default: throw CheckpointError(problem: "pickle opcode \(opcode) is not allowed")
    }
  }
}
