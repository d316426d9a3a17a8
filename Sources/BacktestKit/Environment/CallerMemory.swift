internal import CBacktestEnvironment
import BacktestPolicies

/// The memory of a caller, whose sizes were checked.
struct CallerMemory {
  let actions: UnsafeRawPointer
  let observations: UnsafeMutablePointer<Float>
  let rewards: UnsafeMutablePointer<Double>
  let terminated: UnsafeMutablePointer<UInt8>
  let truncated: UnsafeMutablePointer<UInt8>
  let figures: UnsafeMutablePointer<Double>?
  let finalObservations: UnsafeMutablePointer<Float>?
  let finalFigures: UnsafeMutablePointer<Double>?
  let masks: UnsafeMutablePointer<UInt8>?
  /// The numbers of an observation, of a row of figures and of a row of masks.
  let observationCount: Int
  let figureCount = Int(BACKTESTKIT_FIGURE_COUNT)
  let maskCount: Int

  /// Checks the caller's memory.
  ///
  /// - Throws: `EnvironmentError` where something is missing or has another size.
  init(
    _ buffers: backtestkit_buffers, count: Int, plan: EpisodePlan
  ) throws(EnvironmentError) {
    guard buffers.struct_size == MemoryLayout<backtestkit_buffers>.size else {
      throw EnvironmentError(
        "'struct_size' is \(buffers.struct_size), but the structure of this version has "
          + "\(MemoryLayout<backtestkit_buffers>.size) bytes")
    }
    let action = plan.action
    observationCount = plan.manifest.observation.count
    maskCount = action.kind == .discrete ? action.sizes[0] : 0
    let numbers = count * observationCount * MemoryLayout<Float>.size
    let rows = count * figureCount * MemoryLayout<Double>.size
    let isBox = action.kind == .box
    let width = isBox ? MemoryLayout<Float>.size : MemoryLayout<Int64>.size
    actions = try Self.needed(
      buffers.actions, buffers.actions_size, count * action.componentCount * width, "actions",
      alignment: width)
    observations = try Self.needed(
      buffers.observations, buffers.observations_size, numbers, "observations")
    rewards = try Self.needed(
      buffers.rewards, buffers.rewards_size, count * MemoryLayout<Double>.size, "rewards")
    terminated = try Self.needed(
      buffers.terminated, buffers.terminated_size, count, "terminated")
    truncated = try Self.needed(buffers.truncated, buffers.truncated_size, count, "truncated")
    figures = try Self.given(buffers.figures, buffers.figures_size, rows, "figures")
    finalObservations = try Self.given(
      buffers.final_observations, buffers.final_observations_size, numbers, "final_observations")
    finalFigures = try Self.given(
      buffers.final_figures, buffers.final_figures_size, rows, "final_figures")
    masks = try Self.given(buffers.masks, buffers.masks_size, count * maskCount, "masks")
  }

  /// Nothing has been earned and nothing is over.
  func clear(_ index: Int) {
    rewards[index] = 0
    terminated[index] = 0
    truncated[index] = 0
  }

  /// Writes which discrete actions an environment allows, from a bit for each.
  @inline(__always)
  func write(_ allowed: UInt64, to masks: UnsafeMutablePointer<UInt8>, _ index: Int) {
    for action in 0..<maskCount {
      masks[index * maskCount + action] =
        action >= 64 || allowed & (1 << UInt64(action)) != 0 ? 1 : 0
    }
  }

  private static func needed<Element>(
    _ pointer: UnsafeMutablePointer<Element>?, _ size: Int, _ expected: Int, _ name: String
  ) throws(EnvironmentError) -> UnsafeMutablePointer<Element> {
    guard let found = try given(pointer, size, expected, name) else {
      throw EnvironmentError("'\(name)' is needed and is NULL")
    }
    return found
  }

  private static func needed(
    _ pointer: UnsafeRawPointer?, _ size: Int, _ expected: Int, _ name: String, alignment: Int
  ) throws(EnvironmentError) -> UnsafeRawPointer {
    guard let pointer else { throw EnvironmentError("'\(name)' is needed and is NULL") }
    try check(UInt(bitPattern: pointer), size, expected, name, alignment: alignment)
    return pointer
  }

  private static func given<Element>(
    _ pointer: UnsafeMutablePointer<Element>?, _ size: Int, _ expected: Int, _ name: String
  ) throws(EnvironmentError) -> UnsafeMutablePointer<Element>? {
    guard let pointer else {
      if size == 0 { return nil }
      throw EnvironmentError("'\(name)' is NULL, but its size is \(size) and not 0")
    }
    try check(
      UInt(bitPattern: pointer), size, expected, name, alignment: MemoryLayout<Element>.alignment)
    return pointer
  }

  private static func check(
    _ address: UInt, _ size: Int, _ expected: Int, _ name: String, alignment: Int
  ) throws(EnvironmentError) {
    guard size == expected else {
      throw EnvironmentError("'\(name)' has \(size) bytes, but \(expected) are needed")
    }
    guard address % UInt(alignment) == 0 else {
      throw EnvironmentError("'\(name)' does not begin at a multiple of \(alignment) bytes")
    }
  }
}

/// Reads actions from the caller's memory and checks them.
struct ActionReader {
  private let definition: ActionDefinition
  private let width: Int
  private let isBox: Bool
  private let room: ActionRoom
  private let count: Int
  /// The actions, one after the other.
  let numbers: UnsafeMutablePointer<Double>
  /// The same as the numbers of choices; nothing for a box.
  let choices: UnsafeMutablePointer<Int>
  /// The number of choices of each component; none for a box.
  private let sizes: UnsafeMutablePointer<Int64>

  init(_ definition: ActionDefinition, count: Int) {
    self.definition = definition
    self.count = count
    width = definition.componentCount
    isBox = definition.kind == .box
    room = ActionRoom(count * width, sizes: definition.sizes)
    (numbers, choices, sizes) = (room.numbers, room.choices, room.sizes)
  }

  /// Reads the actions of all environments at once; `false` where one of them may have a problem.
  @inline(__always)
  func readAll(_ memory: UnsafeRawPointer) -> Bool {
    guard !isBox, width == 1 else { return false }
    let given = memory.assumingMemoryBound(to: Int64.self)
    let size = UInt64(bitPattern: sizes[0])
    var wrong: UInt64 = 0
    for index in 0..<count {
      let choice = given[index]
      choices[index] = Int(choice)
      numbers[index] = Double(choice)
      // Without a branch for each.
      wrong |= UInt64(bitPattern: choice) < size ? 0 : 1
    }
    return wrong == 0
  }

  /// The action of an environment that was read last.
  @inline(__always)
  func action(_ index: Int) -> UnsafeBufferPointer<Double> {
    UnsafeBufferPointer(start: numbers + index * width, count: width)
  }

  /// Reads the action of an environment; gives what is wrong with it, or `nil`.
  @inline(__always)
  func read(_ index: Int, from memory: UnsafeRawPointer) -> String? {
    let first = index * width
    if isBox {
      let given = memory.assumingMemoryBound(to: Float.self)
      for place in first..<(first + width) { numbers[place] = Double(given[place]) }
      return TradingEpisode.problem(with: action(index), of: definition)
    }
    let given = memory.assumingMemoryBound(to: Int64.self)
    for place in first..<(first + width) {
      let choice = given[place]
      numbers[place] = Double(choice)
      choices[place] = Int(choice)
      guard choice >= 0, choice < sizes[place &- first] else {
        return TradingEpisode.problem(with: action(index), of: definition)
      }
    }
    return nil
  }
}

/// Room for the actions of all environments, and the sizes by which they are checked.
private final class ActionRoom {
  let numbers: UnsafeMutablePointer<Double>
  let choices: UnsafeMutablePointer<Int>
  let sizes: UnsafeMutablePointer<Int64>

  init(_ count: Int, sizes: [Int]) {
    numbers = .allocate(capacity: max(count, 1))
    numbers.initialize(repeating: 0, count: max(count, 1))
    choices = .allocate(capacity: max(count, 1))
    choices.initialize(repeating: 0, count: max(count, 1))
    self.sizes = .allocate(capacity: max(sizes.count, 1))
    for index in sizes.indices { (self.sizes + index).initialize(to: Int64(sizes[index])) }
  }

  deinit {
    numbers.deallocate()
    choices.deallocate()
    sizes.deallocate()
  }
}
