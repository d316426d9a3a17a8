/// What of a network need not be computed again when its window moves on by one row.
///
/// Layers at the beginning that look at rows one by one, or at a few neighbouring rows without
/// padding, keep their outputs; only the last row of each is new. So it goes on up to the first
/// layer that looks at all rows, of a recurrent layer up to the input's part of its gates.
struct SlidingPlan: Sendable {
  /// The steps that are kept up.
  var keptSteps = 0
  /// The values whose last rows these steps need, with how many rows, the input first.
  var histories: [(place: RowPlace, rows: Int)] = []
  /// The value that all further steps start from.
  var edge: RowPlace
  /// Whether the edge is read as a ring, so that its rows need not move.
  var isRing = false

  init<Element>(_ program: NetworkProgram<Element>) {
    edge = program.input
    // Where several heads read the window, each needs all of it.
    let readers = program.steps.filter { $0.source.offset == program.input.offset }
    guard readers.count == 1 else { return }
    for step in program.steps {
      guard step.source == edge, let next = step.rowByRow else { break }
      if case .affine(let affine) = step { histories.append((edge, affine.taps)) }
      edge = next
      keptSteps += 1
    }
    guard keptSteps < program.steps.count else { return }
    switch program.steps[keptSteps] {
    case .longShortTermMemory(let step), .gatedRecurrentUnit(let step): isRing = step.gates == edge
    default: break
    }
  }
}

extension NetworkStep {
  /// What it reads.
  var source: RowPlace {
    switch self {
    case .affine(let step): step.input
    case .longShortTermMemory(let step), .gatedRecurrentUnit(let step): step.gates
    case .attention(let step): step.projections
    case .pointwise(let step): step.place
    case .scale(let step), .layerNorm(let step), .softmax(let step): step.place
    case .dropout(let step): step.place
    case .copy(let step): step.from
    }
  }

  /// What it writes, where the last row depends on the last rows of what it reads only.
  fileprivate var rowByRow: RowPlace? {
    switch self {
    case .affine(let step): step.step == 1 ? step.output : nil
    case .pointwise(let step): step.place
    case .scale(let step), .layerNorm(let step), .softmax(let step): step.place
    default: nil
    }
  }
}
