// Joined before every kernel file. Types bear numpy's names, so that arrays can be checked against
// a kernel's signature.
typedef signed char int8;
typedef short int16;
typedef int int32;
typedef long long int64;
typedef unsigned char uint8;
typedef unsigned short uint16;
typedef unsigned int uint32;
typedef unsigned long long uint64;
typedef float float32;
typedef double float64;

#define WARP 32
#define ALL_LANES 0xffffffffu
