package data

import (
	"go.mongodb.org/mongo-driver/v2/bson"
)

// appendForeignDoc writes a document, valid as BSON, that holds values which
// ours do not.
func appendForeignDoc(dst []byte, doc bson.Raw, array bool, depth int) ([]byte, error) {
	elems, err := doc.Elements()
	if err != nil || depth > maxNesting {
		return dst, encodeError(errCorrupt)
	}
	opening, closing := byte('{'), byte('}')
	if array {
		opening, closing = '[', ']'
	}
	dst = append(dst, opening)
	for i, e := range elems {
		if i > 0 {
			dst = append(dst, ',')
		}
		if !array {
			dst = append(appendStringJSON(dst, []byte(e.Key())), ':')
		}
		v := e.Value()
		if v.Type == bson.TypeEmbeddedDocument || v.Type == bson.TypeArray {
			if dst, err = appendForeignDoc(dst, v.Value, v.Type == bson.TypeArray, depth+1); err != nil {
				return dst, err
			}
			continue
		}
		if out, err := appendValueJSON(dst, Value{Type: v.Type, Value: v.Value}, depth); err == nil {
			dst = out
			continue
		}
		if code, scope, ok := v.CodeWithScopeOK(); ok { // String does not quote it
			dst = append(appendStringJSON(append(dst, `{"$code":`...), []byte(code)), `,"$scope":`...)
			if dst, err = appendForeignDoc(dst, scope, false, depth+1); err != nil {
				return dst, err
			}
			dst = append(dst, '}')
			continue
		}
		text := v.String()
		if text == "" {
			return dst, encodeError(errCorrupt)
		}
		dst = append(dst, text...)
	}
	return append(dst, closing), nil
}
