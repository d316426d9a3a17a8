@testable import BacktestCore
import TestSupport
import Testing

/// The queue against a sorted array.
struct EventQueueTests {
  @Test(arguments: 0..<32 as Range<UInt64>)
  func eventsComeInOrderAndTiesInOrderOfScheduling(seed: UInt64) {
    var random = TestRandom(seed: seed)
    var queue = EventQueue()
    var waiting: [ScheduledEvent] = []
    var scheduled = 0
    for _ in 0..<400 {
      if random.below(5) < 3 || waiting.isEmpty {
        let time = Timestamp(seconds: Int64(random.below(12)))
        let phase = EventPhase(rawValue: UInt8(1 + random.below(8)))!
        queue.schedule(at: time, phase, subject: scheduled, order: OrderID(scheduled))
        let key = EventKey(time: time, phase: phase, sequence: UInt32(scheduled))
        waiting.append(
          ScheduledEvent(key: key, subject: scheduled, order: OrderID(scheduled)))
        scheduled += 1
      } else {
        // The slowest way: sort by time, then phase, then number, and take the first.
        waiting.sort {
          ($0.key.time.nanoseconds, $0.key.phase.rawValue, $0.subject)
            < ($1.key.time.nanoseconds, $1.key.phase.rawValue, $1.subject)
        }
        let expected = waiting.removeFirst()
        #expect(queue.first?.subject == expected.subject)
        let event = queue.removeFirst()
        #expect(event.subject == expected.subject && event.order == expected.order)
        #expect(event.key == expected.key)
      }
      #expect(queue.count == waiting.count && queue.isEmpty == waiting.isEmpty)
    }
  }

  @Test func equalTimesAndPhasesLeaveInOrderOfScheduling() {
    var queue = EventQueue()
    for subject in 0..<100 {
      queue.schedule(at: Timestamp(seconds: 5), .timer, subject: subject)
    }
    #expect((0..<100).allSatisfy { queue.removeFirst().subject == $0 })
    #expect(queue.first == nil && queue.isEmpty)
  }

  @Test func phasesStandInTheirOrder() {
    let phases: [EventPhase] = [
      .barClose, .sessionEnd, .funding, .decision, .timer, .orderArrival, .corporateAction,
      .marketOpen,
    ]
    #expect(phases.map(\.rawValue) == [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(phases == phases.sorted())
  }
}
