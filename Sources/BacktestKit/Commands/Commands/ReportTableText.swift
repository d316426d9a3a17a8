import BacktestCore
import BacktestFiles
import BacktestReports

extension TextTable {
  /// The first rows of a table of a report.
  init(_ table: ReportTable, rows count: Int) {
    self.init(table.columns.map { $0.isNumeric ? .right($0.title) : .left($0.title) })
    for row in table.rows.prefix(count) {
      add(zip(row, table.columns).map { printable($0.text(as: $1.format), limit: 48) })
    }
  }
}
