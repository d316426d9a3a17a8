/// How the tests were built.
package enum TestBuild {
  #if DEBUG
    /// Whether the optimiser ran: without it, some code asks for memory that it needs for nothing.
    package static let isOptimised = false
  #else
    /// Whether the optimiser ran: without it, some code asks for memory that it needs for nothing.
    package static let isOptimised = true
  #endif
}
