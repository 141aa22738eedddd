
    // !!! This file is generated using emlearn !!!

    #include <stdint.h>
    

static inline int32_t edgewise_tree_0(const int16_t *features, int32_t features_length) {
          if (features[4] < 1501) {
              if (features[5] < 6001) {
                  if (features[0] < 501) {
                      if (features[1] < 1501) {
                          if (features[7] < 3001) {
                              if (features[8] < 3001) {
                                  if (features[6] < 1501) {
                                      if (features[2] < 4001) {
                                          if (features[3] < 5001) {
                                              return 1;
                                          } else {
                                              return 0;
                                          }
                                      } else {
                                          return 0;
                                      }
                                  } else {
                                      return 0;
                                  }
                              } else {
                                  return 0;
                              }
                          } else {
                              return 0;
                          }
                      } else {
                          return 0;
                      }
                  } else {
                      return 0;
                  }
              } else {
                  return 0;
              }
          } else {
              return 0;
          }
        }
        

static const uint8_t edgewise_leaves[4] = { 0, 255, 255, 0 };

int32_t edgewise_predict(const int16_t *features, int32_t features_length) {

        float out[2] = {0.0f,};

        int offset = 0;

        offset = 2*edgewise_tree_0(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]); }
        
    
        // argmax over probabilities
        int32_t most_voted_class = -1;
        float most_voted_proba = 0.0f;
        for (int32_t i=0; i<2; i++) {

            if (out[i] > most_voted_proba) {
                most_voted_class = i;
                most_voted_proba = out[i];
            }
        }
        return most_voted_class;
    }
    

int edgewise_predict_proba(const int16_t *features, int32_t features_length, float *out, int out_length) {

        int offset = 0;

        for (int i=0; i<out_length; i++) {
            out[i] = 0.0f;
        }

        offset = 2*edgewise_tree_0(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]); }
        
    
        // compute mean
        for (int i=0; i<out_length; i++) {
            out[i] = out[i] / 255.0f;
        }
        return 0;
    }
    