import BacktestCore
import BacktestFiles
import Glibc
import TestSupport
import Testing

/// A journal gives back what was added, whatever happens to its file.
struct RecordJournalTests {
  let key = ContentDigest.of(Array("work".utf8))

  private func path(_ folder: ScratchFolder) -> String { "\(folder.path)/.units" }

  private func fill(_ path: String) {
    let journal = RecordJournal(path: path, key: key)
    journal.add([1, 2, 3], of: 0)
    journal.add([], of: 5)
    journal.add([UInt8](repeating: 9, count: 1_000), of: 2)
  }

  @Test func recordsComeBack() throws {
    let folder = try ScratchFolder()
    fill(path(folder))
    let journal = RecordJournal(path: path(folder), key: key)
    #expect(journal.count == 3)
    #expect(journal.bytes(of: 0) == [1, 2, 3])
    #expect(journal.bytes(of: 5) == [])
    #expect(journal.bytes(of: 2)?.count == 1_000)
    #expect(journal.bytes(of: 1) == nil)
    journal.remove()
    #expect(!fileExists(path(folder)))
  }

  @Test func otherWorkBeginsAnew() throws {
    let folder = try ScratchFolder()
    fill(path(folder))
    let other = RecordJournal(path: path(folder), key: ContentDigest.of([1]))
    #expect(other.count == 0)
    other.add([7], of: 1)
    #expect(RecordJournal(path: path(folder), key: ContentDigest.of([1])).bytes(of: 1) == [7])
    #expect(RecordJournal(path: path(folder), key: key).count == 0)
  }

  /// Cut anywhere, it keeps its whole records, and goes on behind them.
  @Test func aCutFileKeepsItsWholeRecords() throws {
    let folder = try ScratchFolder()
    fill(path(folder))
    let whole = try FileBytes.read(path(folder))
    let ends = [24, 24 + 32 + 3, 24 + 32 + 3 + 32, whole.count]
    for length in [0, 3, 23] + ends.flatMap({ [$0 - 1, $0, min($0 + 1, whole.count)] }) {
      try FileBytes.write(Array(whole[..<length]), to: path(folder))
      let expected = max(ends.count { $0 <= length } - 1, 0)
      let journal = RecordJournal(path: path(folder), key: key)
      #expect(journal.count == expected, "\(length) bytes")
      journal.add([4, 4], of: 8)
      let again = RecordJournal(path: path(folder), key: key)
      #expect(again.count == expected + 1 && again.bytes(of: 8) == [4, 4], "\(length) bytes")
    }
  }

  /// Of changed bytes nothing is believed, from the record on in which they are.
  @Test func changedBytesAreNotBelieved() throws {
    let folder = try ScratchFolder()
    fill(path(folder))
    let whole = try FileBytes.read(path(folder))
    for position in stride(from: 0, to: 130, by: 1) {
      var bytes = whole
      bytes[position] ^= 0x40
      try FileBytes.write(bytes, to: path(folder))
      let journal = RecordJournal(path: path(folder), key: key)
      let expected = position < 24 ? 0 : position < 59 ? 0 : position < 91 ? 1 : 2
      #expect(journal.count == expected, "byte \(position)")
    }
  }

  @Test func whatCannotBeWrittenIsLeftOut() throws {
    let folder = try ScratchFolder()
    for path in ["\(folder.path)/nowhere/.units", folder.path, "", "a\0b"] {
      let journal = RecordJournal(path: path, key: key)
      journal.add([1], of: 1)
      #expect(journal.bytes(of: 1) == [1])
      journal.remove()
    }
    #expect(fileExists(folder.path))
  }
}
