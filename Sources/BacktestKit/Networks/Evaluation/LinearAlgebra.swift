internal import COpenBLAS
internal import Glibc

/// Products of matrices through OpenBLAS.
///
/// The library is loaded when the first product is asked for, with one thread. Were it linked, it
/// would start a thread for each processor with every process, and each would spin for a tenth of
/// a second of processor time before it sleeps, in programs that never multiply a matrix.
package enum LinearAlgebra {
  /// The product of a matrix's transpose with the matrix: `columns` x `columns` values, row after
  /// row.
  ///
  /// - Parameters:
  ///   - matrix: values row after row.
  ///   - columns: the number of values in a row.
  /// - Throws: `LinearAlgebraError` when OpenBLAS is not installed.
  package static func gram(_ matrix: [Double], columns: Int) throws(LinearAlgebraError) -> [Double]
  {
    precondition(columns > 0 && matrix.count.isMultiple(of: columns), "rows of one length")
    guard let multiply = library.symmetricProduct else { throw .notInstalled }
    let rows = matrix.count / columns
    var product = [Double](repeating: 0, count: columns * columns)
    guard rows > 0 else { return product }
    let (n, k) = (blasint(columns), blasint(rows))
    multiply(CblasRowMajor, CblasUpper, CblasTrans, n, k, 1, matrix, n, 0, &product, n)
    for row in 0..<columns {
      for column in 0..<row { product[row * columns + column] = product[column * columns + row] }
    }
    return product
  }

  /// `cblas_dsyrk`.
  private typealias SymmetricProduct =
    @convention(c) (
      CBLAS_ORDER, CBLAS_UPLO, CBLAS_TRANSPOSE, blasint, blasint, Double, UnsafePointer<Double>,
      blasint, Double, UnsafeMutablePointer<Double>, blasint
    ) -> Void

  private struct Library: Sendable {
    let symmetricProduct: SymmetricProduct?

    init() {
      // Read by OpenBLAS while it is loaded; afterwards its threads exist already.
      setenv("OPENBLAS_NUM_THREADS", "1", 0)
      let handle = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL)
      func symbol(_ name: String) -> UnsafeMutableRawPointer? { handle.flatMap { dlsym($0, name) } }
      symmetricProduct = symbol("cblas_dsyrk").map {
        unsafeBitCast($0, to: SymmetricProduct.self)
      }
    }
  }

  private static let library = Library()
}

/// Why a product could not be computed.
package enum LinearAlgebraError: Error, CustomStringConvertible {
  /// OpenBLAS cannot be loaded.
  case notInstalled

  package var description: String {
    "OpenBLAS is not installed; install the package libopenblas-dev or libopenblas0"
  }
}
