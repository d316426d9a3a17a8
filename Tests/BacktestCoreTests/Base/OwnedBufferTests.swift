@testable import BacktestCore
import Testing

/// Rows in memory that copies share until one of them becomes its owner.
struct OwnedBufferTests {
  private func buffer(_ rows: [Int]) -> OwnedBuffer<Int> {
    var buffer = OwnedBuffer<Int>()
    buffer.own()
    for row in rows { buffer.append(row) }
    return buffer
  }

  @Test func holdsWhatWasAppended() {
    var numbers = buffer(Array(0..<100))
    #expect(numbers.count == 100 && Array(numbers.rows) == Array(0..<100))
    numbers[7] = -1
    numbers.swapAt(0, 7)
    #expect(numbers[0] == -1 && numbers[7] == 0)
    numbers.sort { $0 > $1 }
    #expect(numbers[0] == 99 && numbers[99] == -1)
    numbers.clear()
    #expect(numbers.isEmpty && numbers.rows.isEmpty)
    numbers.append(5)
    #expect(Array(numbers.rows) == [5])
  }

  @Test func anOwnerChangesNothingForItsCopies() {
    let first = buffer([1, 2, 3])
    var second = first
    second.own()
    second.append(4)
    second[0] = 9
    #expect(Array(first.rows) == [1, 2, 3] && Array(second.rows) == [9, 2, 3, 4])
    var third = second
    third.sort { $0 < $1 }
    #expect(Array(third.rows) == [2, 3, 4, 9] && Array(second.rows) == [9, 2, 3, 4])
  }

  @Test func roomIsKeptWhenRowsAreForgotten() {
    var numbers = buffer([1, 2, 3])
    let place = numbers.rows.baseAddress
    numbers.clear()
    for row in 0..<3 { numbers.append(row) }
    #expect(numbers.rows.baseAddress == place)
  }

  #if DEBUG
    @Test func writingToSharedMemoryStopsTheProgram() async {
      await #expect(processExitsWith: .failure) {
        var first = OwnedBuffer<Int>()
        first.own()
        first.append(1)
        let second = first
        first[0] = 2
        _ = second.count
      }
    }
  #endif

  @Test func aRowOutsideStopsTheProgram() async {
    await #expect(processExitsWith: .failure) {
      let buffer = OwnedBuffer<Int>()
      _ = buffer[0]
    }
  }
}
