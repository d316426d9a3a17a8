// Steps that join values, and those over all rows
extension NetworkKernels {
  /// Two values as one, for some rows.
  @inline(__always)
  func run(_ step: CombineStep, row: Int, rows: Int) {
    let right = step.rightIsConstant ? weights : UnsafePointer(memory)
    let leftStride = step.left.rows == 1 ? 0 : step.left.stride
    let rightStride = step.right.rows == 1 ? 0 : step.right.stride
    for row in row..<(row + rows) {
      let a = memory + (step.left.offset &+ row &* leftStride)
      let b = right + (step.right.offset &+ row &* rightStride)
      let output = memory + (step.output.offset &+ row &* step.output.stride)
      switch step.operation {
      case .add: for index in 0..<step.output.count { output[index] = a[index] + b[index] }
      case .multiply: for index in 0..<step.output.count { output[index] = a[index] * b[index] }
      }
    }
  }

  /// Sums go from the first row to the last.
  func run(_ step: PoolStep) {
    for index in 0..<step.to.rows {
      let start = index * step.stride - step.padding
      let rows = max(start, 0)..<min(start + step.kernel, step.from.rows)
      let output = memory + (step.to.offset + index * step.to.stride)
      let first = memory + (step.from.offset + rows.lowerBound * step.from.stride)
      output.update(from: first, count: step.to.count)
      for row in rows.dropFirst() {
        let values = memory + (step.from.offset + row * step.from.stride)
        for column in 0..<step.to.count {
          if step.isMean {
            output[column] += values[column]
          } else if values[column] > output[column] {
            output[column] = values[column]
          }
        }
      }
      guard step.isMean else { continue }
      for column in 0..<step.to.count { output[column] /= Element(step.kernel) }
    }
  }

  /// Sums of a group go row by row, from the first element to the last.
  func runGroupNorm(_ step: RowStep) {
    let (weight, bias) = (weights + step.weight, weights + step.bias)
    let size = step.place.count / step.groups
    let count = Element(size * step.place.rows)
    for group in 0..<step.groups {
      let columns = (group * size)..<((group + 1) * size)
      var sum: Element = 0
      for row in 0..<step.place.rows {
        let place = memory + (step.place.offset + row * step.place.stride)
        for column in columns { sum += place[column] }
      }
      let mean = sum / count
      var squares: Element = 0
      for row in 0..<step.place.rows {
        let place = memory + (step.place.offset + row * step.place.stride)
        for column in columns { squares += (place[column] - mean) * (place[column] - mean) }
      }
      let deviation = (squares / count + Element(step.eps)).squareRoot()
      for row in 0..<step.place.rows {
        let place = memory + (step.place.offset + row * step.place.stride)
        for column in columns {
          place[column] = (place[column] - mean) / deviation * weight[column] + bias[column]
        }
      }
    }
  }
}
