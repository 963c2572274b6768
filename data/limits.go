package data

// Limits of documents, writes and queries; zero fields take DefaultLimits'.
type Limits struct {
	DocBytes, DocDepth       int
	CommitWrites             int
	CommitBytes              int64
	PageDefault, PageMax     int
	AnswerBytes              int64
	MaxScan, ScanBytes       int64 // guests a tenth
	SortBytes                int64
	UnindexedPerPrincipal    int
	OnceKept, OnceKeptByKeys int // idempotency records a principal, a service key
}

// DefaultLimits are the documented ones.
func DefaultLimits() Limits {
	return Limits{
		DocBytes: 1 << 20, DocDepth: 32,
		CommitWrites: 500, CommitBytes: 16 << 20,
		PageDefault: 20, PageMax: 1000, AnswerBytes: 8 << 20,
		MaxScan: 50_000, ScanBytes: 64 << 20, SortBytes: 16 << 20,
		UnindexedPerPrincipal: 2, OnceKept: 1000, OnceKeptByKeys: 100_000,
	}
}
