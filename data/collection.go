package data

// Collection is what the config says of a collection. Its zero value but the
// name is a collection without schema and indexes.
type Collection struct {
	Name      string
	Schema    *Schema // nil: any document
	ServerIDs bool    // ids: server; clients may not choose
	Indexes   []Index
}

// Index orders a collection by up to 4 fields; arrays have an entry an element
// (one array field an index and document).
type Index struct {
	Name   string // derived from the fields, e.g. "species_-price"
	Fields []Order
	Unique bool // documents that lack all fields are not held
}

// Order is one key of a sort or an index; _id breaks ties, ascending.
type Order struct {
	Path string
	Desc bool
}
