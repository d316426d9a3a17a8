/// Work that is measured, one or more figures at a time.
protocol Workload {
  /// The name on the command line and in the figures.
  static var name: String { get }

  init()

  /// Does the work `repeats` times and returns a line for each figure.
  func run(on data: BenchData, repeats: Int) throws -> [Measurement]
}

/// The workloads that exist.
enum WorkloadRegistry {
  static var all: [any Workload.Type] {
    [
      PlainLoop.self, MinuteCrossover.self, MonthlyRebalance.self, ParameterSweep.self,
      CSVLoading.self, PolicyInference.self, CoreMetrics.self, ReportBuilding.self,
      EvidenceStatistics.self, StaggeredCloses.self, PortfolioAllocations.self,
      RestingOrders.self, ChangedOrders.self, WideRebalance.self, AllocatedPortfolio.self,
    ]
  }
}
