/// How many inputs ago the largest of the last `length` came in; of equals the latest. Tails as in
/// `RollingMinimum`.
struct RollingExtremeAge: Sendable {
  let length: Int
  /// This lap's inputs, then from `position` on the largest of each old input and those after it.
  /// Infinity stands for what is not finite or not there yet.
  private var tails: ContiguousArray<Double>
  /// The slot of that largest.
  private var places: ContiguousArray<Int>
  private var position = 0
  private var newest = -Double.infinity
  private var newestPlace = 0

  init(_ length: Int) {
    self.length = length
    tails = ContiguousArray(repeating: .infinity, count: length)
    places = ContiguousArray(repeating: 0, count: length)
  }

  mutating func update(_ input: Double) -> Int? {
    let entry = input.isFinite ? input : .infinity
    let slot = position
    tails[slot] = entry
    position += 1
    if entry >= newest { (newest, newestPlace) = (entry, slot) }
    if position == length { beginLap() }
    let tail = tails[position]
    guard max(tail, newest) < .infinity else { return nil }
    if newest >= tail { return slot - newestPlace }
    let age = slot - places[position]
    return age < 0 ? age + length : age
  }

  private mutating func beginLap() {
    position = 0
    newest = -.infinity
    var largest = -Double.infinity
    var place = 0
    for slot in stride(from: length - 1, through: 0, by: -1) {
      if tails[slot] > largest { (largest, place) = (tails[slot], slot) }
      tails[slot] = largest
      places[slot] = place
    }
  }
}
