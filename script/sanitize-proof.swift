// Correct, and reported by the thread sanitizer: see script/sanitize.
import Dispatch
import Synchronization

final class Box: Sendable { let lines = Mutex<[String]>([]) }
let box = Box()
DispatchQueue.concurrentPerform(iterations: 4) { worker in
  for turn in 0..<2_000 { box.lines.withLock { $0.append("\(worker) \(turn)") } }
}
print(box.lines.withLock { $0.count })
