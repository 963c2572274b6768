package data

import "cmp"

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
	TxReads                  int // documents a session validates
	OnceKept, OnceKeptByKeys int // idempotency records a principal, a service key
}

// DefaultLimits are the documented ones.
func DefaultLimits() Limits {
	return Limits{
		DocBytes: 1 << 20, DocDepth: 32,
		CommitWrites: 500, CommitBytes: 16 << 20,
		PageDefault: 20, PageMax: 1000, AnswerBytes: 8 << 20,
		MaxScan: 50_000, ScanBytes: 64 << 20, SortBytes: 16 << 20,
		UnindexedPerPrincipal: 2, TxReads: 10_000, OnceKept: 1000, OnceKeptByKeys: 100_000,
	}
}

func (l Limits) filled() Limits {
	d := DefaultLimits()
	return Limits{
		DocBytes: cmp.Or(l.DocBytes, d.DocBytes), DocDepth: cmp.Or(l.DocDepth, d.DocDepth),
		CommitWrites: cmp.Or(l.CommitWrites, d.CommitWrites), CommitBytes: cmp.Or(l.CommitBytes, d.CommitBytes),
		PageDefault: cmp.Or(l.PageDefault, d.PageDefault), PageMax: cmp.Or(l.PageMax, d.PageMax),
		AnswerBytes: cmp.Or(l.AnswerBytes, d.AnswerBytes),
		MaxScan:     cmp.Or(l.MaxScan, d.MaxScan), ScanBytes: cmp.Or(l.ScanBytes, d.ScanBytes),
		SortBytes:             cmp.Or(l.SortBytes, d.SortBytes),
		UnindexedPerPrincipal: cmp.Or(l.UnindexedPerPrincipal, d.UnindexedPerPrincipal),
		TxReads:               cmp.Or(l.TxReads, d.TxReads),
		OnceKept:              cmp.Or(l.OnceKept, d.OnceKept), OnceKeptByKeys: cmp.Or(l.OnceKeptByKeys, d.OnceKeptByKeys),
	}
}
