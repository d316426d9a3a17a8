import BacktestFiles

// Layers that read several nodes, and parts of values
extension NetworkCompiler {
  mutating func join(
    _ layer: NetworkLayer, _ values: [NetworkValue]
  ) throws(NetworkError) -> NetworkValue {
    switch layer {
    case .add: return try combined(.add, values)
    case .multiply: return try combined(.multiply, values)
    case .mean:
      for value in values.dropFirst() where value.shape != values[0].shape {
        throw problem("needs inputs of one shape, not \(values[0].found) and \(value.found)")
      }
      return pointwise(.scaled(1 / Double(values.count)), try combined(.add, values))
    case .concat(let dimension): return try concatenated(values, dimension)
    default: throw problem("reads one node")
    }
  }

  /// Sums or products, from the first input to the last.
  private mutating func combined(
    _ operation: CombineStep.Operation, _ values: [NetworkValue]
  ) throws(NetworkError) -> NetworkValue {
    let leader = values.first(where: \.isTable) ?? values[0]
    for value in values where value.shape != leader.shape {
      guard !value.isTable, leader.isTable, value.rows.count == leader.shape[1] else {
        throw problem(
          "needs inputs of one shape, or a vector for each row of a table, not \(leader.found) and "
            + value.found)
      }
    }
    let isByRow = values.contains { !$0.isTable }
    var result = values[0]
    for (index, value) in values.enumerated() {
      var value = value
      if leader.isTable {
        value =
          value.isTable && leader.isTransposed && !isByRow ? columnMajor(value) : rowMajor(value)
      }
      result = index == 0 ? value : combine(operation, result, value)
    }
    return result
  }

  /// Two values as one, in the place of one of them where that is not needed any more.
  mutating func combine(
    _ operation: CombineStep.Operation, _ left: NetworkValue, _ right: NetworkValue
  ) -> NetworkValue {
    let shape = right.isTable && !left.isTable ? right : left
    var result = shape
    if left.isKept || left.isTable != shape.isTable {
      if right.isKept || right.isTable != shape.isTable {
        result.rows = allocate(rows: shape.rows.rows, count: shape.rows.count, stride: nil).rows
      } else {
        result = right
      }
    }
    result.isKept = false
    steps.append(
      .combine(
        CombineStep(
          operation: operation, left: left.rows, right: right.rows, output: result.rows)))
    return result
  }

  /// Adds rows of constants.
  mutating func addingConstants(_ value: NetworkValue, _ rows: [Double]) -> NetworkValue {
    let value = writable(rowMajor(value))
    let place = RowPlace(
      offset: keep(rows), rows: value.rows.rows, count: value.rows.count, stride: value.rows.count)
    steps.append(
      .combine(
        CombineStep(
          operation: .add, left: value.rows, right: place, rightIsConstant: true,
          output: value.rows)))
    return value
  }

  private mutating func concatenated(
    _ values: [NetworkValue], _ dimension: Int?
  ) throws(NetworkError) -> NetworkValue {
    let first = values[0]
    let dimension = dimension ?? first.shape.count - 1
    guard dimension < first.shape.count else {
      throw problem("vectors have the dimension 0 only")
    }
    for value in values {
      var (shape, expected) = (value.shape, first.shape)
      guard shape.count == expected.count else {
        throw problem("needs vectors or tables only, not \(first.found) and \(value.found)")
      }
      shape[dimension] = 0
      expected[dimension] = 0
      guard shape == expected else {
        throw problem(
          "needs inputs that differ in dimension \(dimension) only, not \(first.found) and "
            + value.found)
      }
    }
    // The stored dimension, rows or the elements of a row.
    let isAlongRows = first.isTable && (dimension == 0) != first.isTransposed
    let total = values.reduce(0) { $0 + $1.shape[dimension] }
    var result = allocate(
      rows: isAlongRows ? total : first.rows.rows, count: isAlongRows ? first.rows.count : total,
      stride: nil)
    result.isTable = first.isTable
    result.isTransposed = first.isTransposed
    var position = 0
    for value in values {
      let part = (first.isTransposed ? columnMajor(value) : rowMajor(value)).rows
      var place = result.rows
      place.offset += isAlongRows ? position * place.stride : position
      (place.rows, place.count) = (part.rows, part.count)
      position += isAlongRows ? part.rows : part.count
      steps.append(.copy(CopyStep(from: part, to: place)))
    }
    return result
  }

  /// A part of a value where it is.
  func sliced(
    _ value: NetworkValue, dimension: Int, start: Int, count: Int
  ) throws(NetworkError) -> NetworkValue {
    guard dimension < value.shape.count else { throw problem("vectors have the dimension 0 only") }
    let size = value.shape[dimension]
    guard count > 0, start >= 0, start <= size - count else {
      throw problem("\(count) from \(start) on are not within the \(size) of \(value.found)")
    }
    var part = value
    if value.isTable, (dimension == 0) != value.isTransposed {
      part.rows.offset += start * part.rows.stride
      part.rows.rows = count
    } else {
      part.rows.offset += start
      part.rows.count = count
    }
    return part
  }

  mutating func reshaped(
    _ value: NetworkValue, _ shape: [Int]
  ) throws(NetworkError) -> NetworkValue {
    let count = shape.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
    guard (1...2).contains(shape.count), shape.allSatisfy({ $0 > 0 }),
      count == value.rows.rows * value.rows.count
    else {
      throw problem(
        "'shape' must be one or two sizes with \(value.rows.rows * value.rows.count) numbers in "
          + "all, not \(shape)")
    }
    var result = try flattened(value)
    guard shape.count == 2 else { return result }
    result.isTable = true
    result.rows.rows = shape[0]
    (result.rows.count, result.rows.stride) = (shape[1], shape[1])
    return result
  }

  /// Pooling over time, of channels x time or of time x features.
  mutating func pooled(
    _ layer: NetworkLayer, _ value: NetworkValue
  ) throws(NetworkError) -> NetworkValue {
    let isByTime = layer == .meanOverTime || layer == .maxOverTime
    guard value.isTable else {
      throw problem(
        "needs a table of \(isByTime ? "time x features" : "channels x time"), not \(value.found)")
    }
    let from = (isByTime ? rowMajor(value) : columnMajor(value)).rows
    var pool = PoolStep(
      from: from, to: from, kernel: from.rows, stride: 1, padding: 0,
      isMean: layer == .meanOverTime || layer == .adaptiveAveragePool1d)
    switch layer {
    case .averagePool1d(let kernel, let stride, let padding),
      .maxPool1d(let kernel, let stride, let padding):
      (pool.kernel, pool.stride, pool.padding) = (kernel, stride ?? kernel, padding)
      pool.isMean = layer.operation == .averagePool1d
      guard padding <= kernel / 2 else {
        throw problem("'padding' must not be above half of the kernel of \(kernel)")
      }
    default: break
    }
    guard from.rows + 2 * pool.padding >= pool.kernel else {
      throw problem(
        "a kernel of \(pool.kernel) does not fit \(from.rows) times with \(pool.padding) on each "
          + "side")
    }
    var result = allocate(
      rows: (from.rows + 2 * pool.padding - pool.kernel) / pool.stride + 1, count: from.count,
      stride: nil)
    pool.to = result.rows
    steps.append(.pool(pool))
    result.isTable = !isByTime
    result.isTransposed = !isByTime
    return result
  }
}
