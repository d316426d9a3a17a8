import Testing

/// Values at the end of what a study accepts end in a result or in a message, never in a crash.
struct ExtremeValueTests {
  @Test func nothingCrashes() throws {
    let folder = try SampleStudy.folder()
    let most = "9223372036854775807"
    let overrides = [
      "warmup=\(most)", "seed=\(most)", "walk-forward.skip=\(most)", "walk-forward.gap=\(most)",
      "walk-forward.train=\(most)", "walk-forward.test=\(most)", "walk-forward.train=1000000y",
      "walk-forward.search=\(most)", "data.files[0].tick=1e-300", "data.files[0].tick=1e300",
      "data.files[0].multiplier=1e300", "data.files[0].lot=1e-300", "account.cash=1e308",
      "account.leverage=1e300", "execution.slippage.basis-points=1e300",
      "execution.commission={per-order: 1e300}", "execution.latency=1000000h",
      "execution={limit-fill: through, through-ticks: \(most)}", "execution.participation=1e-9",
      "data.from=0001-01-01", "data.to=9999-12-31", "data.from=9999-12-31", "data.resample=1y",
    ]
    let jobs = try overrides.enumerated().map { index, override in
      try BuiltProgram.start(
        [
          "walkforward", "study.yaml", "-q", "--threads", "1", "--set", override, "--out",
          "out/\(index)",
        ],
        in: folder)
    }
    for (override, job) in zip(overrides, jobs) {
      let ended = try job.finish()
      #expect(ended.status == 0 || ended.status == 2, "\(override): \(ended)")
      #expect((ended.status == 0) == ended.errors.isEmpty, "\(override): \(ended)")
      #expect(ended.output == "", "\(override)")
    }
    #expect(!folder.listing.contains { $0.hasSuffix(".partial") })
  }
}
