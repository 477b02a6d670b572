#pragma once

/// How many allocations the threads of the relay have made so far.
long allocation_count(void);

/// Has each further one say on standard error where it was made.
void allocation_trace(void);
