package transfer

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"strconv"

	"github.com/hutch-dev/hutch/data"
)

// AppendJSONLine appends d as a line of JSONL.
func AppendJSONLine(dst []byte, d data.Doc) ([]byte, error) {
	dst, err := data.AppendJSON(dst, d)
	return append(dst, '\n'), err
}

// CSV writes rows with the same columns.
type CSV struct {
	paths []string
	out   bytes.Buffer
	w     *csv.Writer
	row   []string
}

// NewCSV makes one; header: it begins with the paths.
func NewCSV(paths []string, header bool) (*CSV, error) {
	c := &CSV{paths: paths, row: make([]string, len(paths))}
	c.w = csv.NewWriter(&c.out)
	if header {
		for i, p := range paths {
			c.row[i] = guarded(p)
		}
		if err := c.w.Write(c.row); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Add writes a document's row.
func (c *CSV) Add(d data.Doc) error {
	for i, p := range c.paths {
		text, err := cellText(data.Field(d, p))
		if err != nil {
			return err
		}
		c.row[i] = text
	}
	return c.w.Write(c.row)
}

// Bytes is what was written so far.
func (c *CSV) Bytes() ([]byte, error) {
	c.w.Flush()
	return c.out.Bytes(), c.w.Error()
}

// cellText writes a value as a cell that value reads again.
func cellText(v data.Value) (string, error) {
	if v.IsZero() {
		return "", nil
	}
	switch data.TypeName(v) {
	case "null":
		return "", nil
	case "string":
		return guarded(data.Text(v)), nil
	case "date":
		if t := v.Time().UTC(); t.Year() >= 0 && t.Year() <= 9999 {
			return t.Format("2006-01-02T15:04:05.000") + "Z", nil
		}
	case "decimal":
		return v.Decimal128().String(), nil
	case "objectId":
		return v.ObjectID().Hex(), nil
	case "binary":
		_, b := v.Binary()
		return base64.StdEncoding.EncodeToString(b), nil
	case "long":
		return strconv.FormatInt(v.Int64(), 10), nil
	}
	js, err := data.AppendValueJSON(nil, v)
	return string(js), err
}
