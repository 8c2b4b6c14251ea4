/* The lab's key objects, for who points at them: keys.c lays them out. */
#pragma once

/* OBJECT_BODY: the offset of an object's body behind its header, from the build's offsets. */
#define KEY(name) ((void *)(Key##name + OBJECT_BODY))
#define EVERY_KEY(each)                                                                            \
    each(Machine) each(Select) each(Service) each(Run) each(Settings) each(Wide) each(Renamed)     \
    each(Deleted) each(Unloaded) each(Virtual) each(Container)

#define DECLARE_KEY(name) extern unsigned char Key##name[];
EVERY_KEY(DECLARE_KEY)
