/* Run a fuzz target on files, where there is no libFuzzer: with gcc, or to look into a finding with a debugger. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int main(int argc, char **argv) {
    LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file || fseek(file, 0, SEEK_END) != 0) {
            perror(argv[i]);
            return 1;
        }
        size_t size = (size_t)ftell(file);
        rewind(file);
        uint8_t *input = (uint8_t *)malloc(size);
        if (size && (!input || fread(input, 1, size, file) != size)) return 1;
        fclose(file);
        LLVMFuzzerTestOneInput(input, size);
        free(input);
    }
    return 0;
}
