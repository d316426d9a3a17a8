// See script/sanitize. Without an argument the program is correct, and the thread sanitizer reports
// it all the same. With one it has a race, which the sanitizer must report in spite of the
// suppressions.
import Dispatch
import Glibc
import Synchronization

final class Box: Sendable {
  let lines = Mutex<[String]>([])
  nonisolated(unsafe) var count = 0
}
let box = Box()
let isCorrect = CommandLine.arguments.count == 1
DispatchQueue.concurrentPerform(iterations: 4) { worker in
  for turn in 0..<2_000 {
    if isCorrect {
      box.lines.withLock {
        $0.append("\(worker) \(turn)")
        // A long turn, so that the other threads wait for the lock.
        if turn % 100 == 0 { usleep(1_000) }
      }
    } else {
      box.count += 1
      if turn % 100 == 0 { usleep(1_000) }
    }
  }
}
print(isCorrect ? box.lines.withLock { $0.count } : box.count)
