// A driver in C++: what its callbacks may be called.

#define KEPT __attribute__((noinline, used))
extern "C" volatile int sink;

namespace filter {
KEPT int Callback(void *, void *, void *) { return sink++; }

namespace inner {
KEPT int Deep(int a) { return sink += a; }
}

class Filter {
public:
    KEPT explicit Filter(int a) : value(a) { sink += a; }
    KEPT ~Filter() { sink--; }
    KEPT int Method(int a) { return value + a + sink; }
    KEPT static int Static(int a) { return a * sink; }
    KEPT bool operator==(const Filter &other) const { return value == other.value + sink; }

private:
    int value;
};
}

namespace {
KEPT int Hidden(int a) { return sink += a * 5; }
}

template <class T> KEPT T Twice(T a) { sink++; return a + a; }

extern "C" int UseClasses(int a)
{
    filter::Filter one(a);
    return filter::Callback(nullptr, nullptr, nullptr) + filter::inner::Deep(2) + one.Method(3) +
           filter::Filter::Static(3) + (one == one) + Hidden(4) + Twice(3);
}
