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

  /// Whether OpenBLAS can be loaded.
  static var isInstalled: Bool { library.doubleProduct != nil && library.floatProduct != nil }

  /// Adds the product of two matrices, `rows` x `inner` and `inner` x `columns`, to a third. All
  /// are laid out row after row, `stride` elements apart.
  ///
  /// - Returns: whether it was done, which takes OpenBLAS and `Double` or `Float`.
  @inline(__always)
  static func addProduct<Element>(
    rows: Int, columns: Int, inner: Int, _ a: UnsafePointer<Element>, stride aStride: Int,
    _ b: UnsafePointer<Element>, stride bStride: Int, to c: UnsafeMutablePointer<Element>,
    stride cStride: Int
  ) -> Bool {
    let (m, n, k) = (blasint(rows), blasint(columns), blasint(inner))
    let (lda, ldb, ldc) = (blasint(aStride), blasint(bStride), blasint(cStride))
    let (a, b, c) = (UnsafeRawPointer(a), UnsafeRawPointer(b), UnsafeMutableRawPointer(c))
    if Element.self == Double.self, let multiply = library.doubleProduct {
      multiply(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1,
        a.assumingMemoryBound(to: Double.self), lda, b.assumingMemoryBound(to: Double.self), ldb, 1,
        c.assumingMemoryBound(to: Double.self), ldc)
      return true
    }
    if Element.self == Float.self, let multiply = library.floatProduct {
      multiply(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1,
        a.assumingMemoryBound(to: Float.self), lda, b.assumingMemoryBound(to: Float.self), ldb, 1,
        c.assumingMemoryBound(to: Float.self), ldc)
      return true
    }
    return false
  }

  /// `cblas_dgemm`.
  private typealias DoubleProduct =
    @convention(c) (
      CBLAS_ORDER, CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, blasint, blasint, blasint, Double,
      UnsafePointer<Double>, blasint, UnsafePointer<Double>, blasint, Double,
      UnsafeMutablePointer<Double>, blasint
    ) -> Void

  /// `cblas_sgemm`.
  private typealias FloatProduct =
    @convention(c) (
      CBLAS_ORDER, CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, blasint, blasint, blasint, Float,
      UnsafePointer<Float>, blasint, UnsafePointer<Float>, blasint, Float,
      UnsafeMutablePointer<Float>, blasint
    ) -> Void

  /// `cblas_dsyrk`.
  private typealias SymmetricProduct =
    @convention(c) (
      CBLAS_ORDER, CBLAS_UPLO, CBLAS_TRANSPOSE, blasint, blasint, Double, UnsafePointer<Double>,
      blasint, Double, UnsafeMutablePointer<Double>, blasint
    ) -> Void

  private struct Library: Sendable {
    let symmetricProduct: SymmetricProduct?
    let doubleProduct: DoubleProduct?
    let floatProduct: FloatProduct?

    init() {
      // Read by OpenBLAS while it is loaded; afterwards its threads exist already.
      setenv("OPENBLAS_NUM_THREADS", "1", 0)
      let handle = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL)
      func symbol(_ name: String) -> UnsafeMutableRawPointer? { handle.flatMap { dlsym($0, name) } }
      symmetricProduct = symbol("cblas_dsyrk").map {
        unsafeBitCast($0, to: SymmetricProduct.self)
      }
      doubleProduct = symbol("cblas_dgemm").map { unsafeBitCast($0, to: DoubleProduct.self) }
      floatProduct = symbol("cblas_sgemm").map { unsafeBitCast($0, to: FloatProduct.self) }
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
