/// Finds slots of the order book by a number in O(1): a hash table with one chain of slots for each
/// of its heads.
///
/// Numbers that follow one another lie in different chains, so that those of a book's orders are
/// short. Slots of other numbers may be among them: whoever walks a chain looks.
struct SlotIndex {
  private let heads: UnsafeMutablePointer<Int32>
  private let links: UnsafeMutablePointer<Int32>
  private let capacity: Int

  /// An empty index for so many slots, a power of two.
  init(capacity: Int) {
    self.capacity = capacity
    heads = .allocate(capacity: capacity)
    links = .allocate(capacity: capacity)
    heads.initialize(repeating: -1, count: capacity)
    links.initialize(repeating: -1, count: capacity)
  }

  func deallocate() {
    heads.deallocate()
    links.deallocate()
  }

  private func head(_ key: Int32) -> UnsafeMutablePointer<Int32> {
    heads + (Int(key) & (capacity - 1))
  }

  /// The first slot of a number's chain, or -1.
  func first(_ key: Int32) -> Int { Int(head(key).pointee) }

  /// The slot after another one in its chain, or -1.
  func next(after slot: Int) -> Int { Int(links[slot]) }

  func insert(_ slot: Int, _ key: Int32) {
    let head = head(key)
    links[slot] = head.pointee
    head.pointee = Int32(truncatingIfNeeded: slot)
  }

  func remove(_ slot: Int, _ key: Int32) {
    let name = Int32(truncatingIfNeeded: slot)
    var place = head(key)
    while place.pointee >= 0 {
      if place.pointee == name {
        place.pointee = links[slot]
        return
      }
      place = links + Int(place.pointee)
    }
  }
}
