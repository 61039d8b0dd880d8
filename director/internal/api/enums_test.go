package api

import (
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// The Director passes enums of the same name on to Transporters and back by their numbers. Of tasks it knows one state more,
// which no Transporter hears of.
func TestEnumsOfTheSameNameMeanTheSame(t *testing.T) {
	theirs := map[protoreflect.Name]protoreflect.EnumDescriptor{}
	eachEnum(transporterv1.File_holdfast_transporter_v1_control_proto.Package(), func(e protoreflect.EnumDescriptor) { theirs[e.Name()] = e })
	shared := 0
	eachEnum(directorv1.File_holdfast_director_v1_recovery_proto.Package(), func(e protoreflect.EnumDescriptor) {
		their := theirs[e.Name()]
		if their == nil || e.Name() == "TaskStatus" {
			return
		}
		shared++
		for i := range max(e.Values().Len(), their.Values().Len()) {
			if i >= e.Values().Len() || i >= their.Values().Len() {
				t.Errorf("%s has %d values here and %d there", e.Name(), e.Values().Len(), their.Values().Len())
				return
			}
			mine, other := e.Values().Get(i), their.Values().Get(i)
			if mine.Name() != other.Name() || mine.Number() != other.Number() {
				t.Errorf("%s = %d here is %s = %d there", mine.Name(), mine.Number(), other.Name(), other.Number())
			}
		}
	})
	if shared < 10 {
		t.Errorf("%d enums are shared: they are not all found", shared)
	}
}

func eachEnum(of protoreflect.FullName, fn func(protoreflect.EnumDescriptor)) {
	protoregistry.GlobalFiles.RangeFilesByPackage(of, func(f protoreflect.FileDescriptor) bool {
		for i := range f.Enums().Len() {
			fn(f.Enums().Get(i))
		}
		return true
	})
}
