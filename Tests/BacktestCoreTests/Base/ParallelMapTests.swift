import BacktestCore
import Dispatch
import Synchronization
import Testing

struct ParallelMapTests {
  private struct Failure: Error, Equatable { var index: Int }

  @Test(arguments: [nil, 1, 2, 7] as [Int?])
  func resultsAreInIndexOrder(threads: Int?) {
    let squares = parallelMap(count: 200, threads: threads) { index in
      // Later pieces are shorter, so that threads finish out of order.
      var sum = 0.0
      for step in 0..<((200 - index) * 50) { sum += Double(step).squareRoot() }
      return sum >= 0 ? index * index : -1
    }
    #expect(squares == (0..<200).map { $0 * $0 })
  }

  @Test func noWorkGivesNothing() {
    #expect(parallelMap(count: 0, threads: 4) { $0 } == [])
  }

  @Test(arguments: [1, 2, 5])
  func theLowestFailureIsThrown(threads: Int) {
    for _ in 0..<20 {
      #expect(throws: Failure(index: 30)) {
        try parallelMap(count: 100, threads: threads) { index throws(Failure) in
          if index >= 30, index % 3 == 0 { throw Failure(index: index) }
          return index
        }
      }
    }
  }

  @Test(arguments: [1, 3])
  func progressCountsUpToAll(threads: Int) {
    let seen = Mutex<[Int]>([])
    _ = parallelMap(
      count: 50, threads: threads, progress: { done in seen.withLock { $0.append(done) } }
    ) { $0 }
    #expect(seen.withLock { $0 } == Array(1...50))
  }

  @Test func aMapInsideAPieceGetsIdleThreads() {
    let met = parallelMap(count: 2, threads: 2) { piece in
      guard piece == 1 else { return [true] }
      let arrivals = [DispatchSemaphore(value: 0), DispatchSemaphore(value: 0)]
      return parallelMap(count: 2, threads: 2) { index in
        arrivals[index].signal()
        return arrivals[1 - index].wait(timeout: .now() + 30) == .success
      }
    }
    #expect(met == [[true], [true, true]])
  }

  @Test func backgroundWorkIsDoneOnceAndItsValueIsKept() {
    let times = Mutex(0)
    for round in 1...200 {
      let work = BackgroundWork {
        times.withLock { $0 += 1 }
        return round
      }
      #expect(work.value == round && work.value == round)
    }
    #expect(times.withLock { $0 } == 200)
  }
}
