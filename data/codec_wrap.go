package data

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// forms are the Extended JSON forms: objects of this one key stand for a value.
var forms = [...]struct {
	name string
	t    bson.Type
}{
	{"$date", bson.TypeDateTime},
	{"$oid", bson.TypeObjectID},
	{"$binary", bson.TypeBinary},
	{"$numberInt", bson.TypeInt32},
	{"$numberLong", bson.TypeInt64},
	{"$numberDouble", bson.TypeDouble},
	{"$numberDecimal", bson.TypeDecimal128},
}

// formOf gives the form that a name begins; type 0 for any other name.
func formOf(name []byte) (form string, t bson.Type) {
	for i := range forms {
		if string(name) == forms[i].name {
			return forms[i].name, forms[i].t
		}
	}
	return "", 0
}

// unwrap appends the value of a form behind its name and colon.
func (d *decoder) unwrap(dst []byte, t bson.Type) ([]byte, *hutch.Error) {
	switch t {
	case bson.TypeDateTime:
		return d.date(dst)
	case bson.TypeObjectID:
		return d.oid(dst)
	case bson.TypeBinary:
		return d.binary(dst)
	case bson.TypeInt32:
		return d.int32(dst)
	case bson.TypeInt64:
		return d.int64(dst)
	case bson.TypeDouble:
		return d.double(dst)
	}
	return d.decimal(dst)
}

// text reads a string that is part of a wrapper.
func (d *decoder) text(buf []byte) ([]byte, *hutch.Error) {
	d.space()
	return d.str(buf[:0])
}

func (d *decoder) oid(dst []byte) ([]byte, *hutch.Error) {
	var buf [32]byte
	s, err := d.text(buf[:])
	if err != nil {
		return dst, err
	}
	var id [12]byte
	if len(s) != 24 {
		return dst, d.fail("an ObjectId has 24 hexadecimal digits")
	}
	if _, err := hex.Decode(id[:], s); err != nil {
		return dst, d.fail("an ObjectId has 24 hexadecimal digits")
	}
	return append(dst, id[:]...), nil
}

// wholeText reads a string that spells an integer as JSON does.
func (d *decoder) wholeText() (int64, *hutch.Error) {
	var buf [32]byte
	s, err := d.text(buf[:])
	if err != nil {
		return 0, err
	}
	if n, whole := scanNumber(s); n == len(s) && whole {
		if i, ok := parseInt(s); ok {
			return i, nil
		}
	}
	return 0, d.fail("expected a string with an integer of 64 bits")
}

func (d *decoder) int32(dst []byte) ([]byte, *hutch.Error) {
	n, err := d.wholeText()
	if err != nil {
		return dst, err
	}
	if n < math.MinInt32 || n > math.MaxInt32 {
		return dst, d.fail("the integer is outside int32")
	}
	return binary.LittleEndian.AppendUint32(dst, uint32(n)), nil
}

func (d *decoder) int64(dst []byte) ([]byte, *hutch.Error) {
	n, err := d.wholeText()
	if err != nil {
		return dst, err
	}
	return binary.LittleEndian.AppendUint64(dst, uint64(n)), nil
}

func (d *decoder) double(dst []byte) ([]byte, *hutch.Error) {
	var buf [32]byte
	s, err := d.text(buf[:])
	if err != nil {
		return dst, err
	}
	if n, _ := scanNumber(s); n > 0 && n == len(s) {
		if f, ok := parseDouble(s); ok {
			return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f)), nil
		}
	}
	return dst, d.fail("expected a string with a finite number, not -0")
}

// maxDecimalText bounds what the driver's parser is given.
const maxDecimalText = 64

func (d *decoder) decimal(dst []byte) ([]byte, *hutch.Error) {
	var buf [maxDecimalText]byte
	s, err := d.text(buf[:])
	if err != nil {
		return dst, err
	}
	if n, _ := scanNumber(s); n > 0 && n == len(s) && n <= maxDecimalText {
		if v, perr := bson.ParseDecimal128(string(s)); perr == nil {
			hi, lo := v.GetBytes()
			zero := hi&(1<<49-1) == 0 && lo == 0
			if !zero || s[0] != '-' {
				return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(dst, lo), hi), nil
			}
		}
	}
	return dst, d.fail("expected a string with a finite decimal of at most 34 digits, not -0")
}

// binary reads {"base64":"..","subType":"00"}, in any order.
func (d *decoder) binary(dst []byte) ([]byte, *hutch.Error) {
	if err := d.expect('{'); err != nil {
		return dst, err
	}
	var data []byte
	sub, haveData, haveSub := byte(0), false, false
	for i := range 2 {
		if i > 0 {
			if err := d.expect(','); err != nil {
				return dst, err
			}
		}
		var buf [16]byte
		name, err := d.text(buf[:])
		if err == nil {
			err = d.expect(':')
		}
		if err != nil {
			return dst, err
		}
		var small [64]byte
		s, err := d.text(small[:])
		if err != nil {
			return dst, err
		}
		switch {
		case string(name) == "base64" && !haveData:
			haveData = true
			var derr error
			// Strict refuses trailing bits; the decoder passes line ends over.
			if data, derr = base64.StdEncoding.Strict().AppendDecode(nil, s); derr != nil || strings.ContainsAny(string(s), "\r\n") {
				return dst, d.fail("expected base64 with padding").At("base64")
			}
		case string(name) == "subType" && !haveSub:
			haveSub = true
			switch string(s) {
			case "0", "00":
			case "4", "04":
				sub = bson.TypeBinaryUUID
			default:
				return dst, d.fail("the subtype is 00 or 04").At("subType")
			}
		default:
			return dst, d.fail("expected exactly base64 and subType")
		}
	}
	if err := d.expect('}'); err != nil {
		return dst, err
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(data)))
	return append(append(dst, sub), data...), nil
}
