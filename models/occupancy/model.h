
    // !!! This file is generated using emlearn !!!

    #include <stdint.h>
    

static inline int32_t edgewise_tree_0(const int16_t *features, int32_t features_length) {
          if (features[0] < 2147) {
              if (features[22] < 22) {
                  if (features[22] < 4) {
                      return 82;
                  } else {
                      if (features[26] < 7) {
                          if (features[0] < 2036) {
                              return 83;
                          } else {
                              if (features[0] < 2105) {
                                  return 43;
                              } else {
                                  return 23;
                              }
                          }
                      } else {
                          return 0;
                      }
                  }
              } else {
                  return 1;
              }
          } else {
              if (features[23] < 29) {
                  if (features[8] < 54) {
                      if (features[21] < 369) {
                          return 59;
                      } else {
                          if (features[21] < 475) {
                              return 19;
                          } else {
                              return 39;
                          }
                      }
                  } else {
                      if (features[27] < 13) {
                          return 66;
                      } else {
                          return 0;
                      }
                  }
              } else {
                  return 5;
              }
          }
        }
        

static inline int32_t edgewise_tree_1(const int16_t *features, int32_t features_length) {
          if (features[30] < 6) {
              if (features[13] < 6) {
                  if (features[21] < 602) {
                      if (features[12] < 77) {
                          if (features[10] < 2241) {
                              return 60;
                          } else {
                              return 86;
                          }
                      } else {
                          if (features[6] < 2) {
                              if (features[0] < 2132) {
                                  return 94;
                              } else {
                                  return 27;
                              }
                          } else {
                              return 31;
                          }
                      }
                  } else {
                      return 0;
                  }
              } else {
                  if (features[3] < -22) {
                      return 96;
                  } else {
                      return 40;
                  }
              }
          } else {
              if (features[3] < -5) {
                  return 56;
              } else {
                  if (features[4] < -9) {
                      return 45;
                  } else {
                      if (features[12] < -153) {
                          return 75;
                      } else {
                          return 13;
                      }
                  }
              }
          }
        }
        

static inline int32_t edgewise_tree_2(const int16_t *features, int32_t features_length) {
          if (features[11] < 43) {
              if (features[3] < -19) {
                  return 81;
              } else {
                  if (features[18] < 40) {
                      if (features[20] < 29) {
                          if (features[0] < 2018) {
                              return 96;
                          } else {
                              return 49;
                          }
                      } else {
                          return 28;
                      }
                  } else {
                      if (features[25] < 8) {
                          return 52;
                      } else {
                          if (features[0] < 2056) {
                              return 64;
                          } else {
                              if (features[12] < -199) {
                                  return 72;
                              } else {
                                  return 30;
                              }
                          }
                      }
                  }
              }
          } else {
              if (features[5] < -10) {
                  return 63;
              } else {
                  if (features[2] < 4) {
                      if (features[30] < 9) {
                          return 80;
                      } else {
                          return 0;
                      }
                  } else {
                      return 3;
                  }
              }
          }
        }
        

static inline int32_t edgewise_tree_3(const int16_t *features, int32_t features_length) {
          if (features[29] < 23) {
              if (features[0] < 2006) {
                  return 95;
              } else {
                  if (features[3] < -45) {
                      return 96;
                  } else {
                      if (features[19] < 23) {
                          return 74;
                      } else {
                          if (features[12] < 63) {
                              if (features[12] < 23) {
                                  return 51;
                              } else {
                                  if (features[7] < -52) {
                                      return 96;
                                  } else {
                                      return 14;
                                  }
                              }
                          } else {
                              return 4;
                          }
                      }
                  }
              }
          } else {
              if (features[17] < -6) {
                  if (features[28] < -2) {
                      if (features[0] < 2180) {
                          return 67;
                      } else {
                          return 29;
                      }
                  } else {
                      return 0;
                  }
              } else {
                  if (features[2] < -12) {
                      return 61;
                  } else {
                      return 9;
                  }
              }
          }
        }
        

static inline int32_t edgewise_tree_4(const int16_t *features, int32_t features_length) {
          if (features[3] < 17) {
              if (features[25] < 11) {
                  if (features[30] < 8) {
                      if (features[19] < 68) {
                          return 85;
                      } else {
                          if (features[0] < 2073) {
                              return 92;
                          } else {
                              if (features[21] < 405) {
                                  return 65;
                              } else {
                                  if (features[23] < 11) {
                                      return 42;
                                  } else {
                                      return 0;
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[0] < 2104) {
                          return 96;
                      } else {
                          if (features[3] < -35) {
                              return 96;
                          } else {
                              return 21;
                          }
                      }
                  }
              } else {
                  if (features[8] < 36) {
                      return 35;
                  } else {
                      return 69;
                  }
              }
          } else {
              if (features[12] < -13) {
                  return 58;
              } else {
                  return 11;
              }
          }
        }
        

static inline int32_t edgewise_tree_5(const int16_t *features, int32_t features_length) {
          if (features[28] < 18) {
              if (features[19] < 54) {
                  if (features[23] < 36) {
                      if (features[0] < 2164) {
                          return 87;
                      } else {
                          if (features[9] < 9) {
                              return 24;
                          } else {
                              return 71;
                          }
                      }
                  } else {
                      return 0;
                  }
              } else {
                  if (features[0] < 2182) {
                      if (features[19] < 130) {
                          return 46;
                      } else {
                          return 79;
                      }
                  } else {
                      if (features[3] < 62) {
                          if (features[8] < 58) {
                              return 17;
                          } else {
                              return 48;
                          }
                      } else {
                          return 72;
                      }
                  }
              }
          } else {
              if (features[0] < 2005) {
                  return 54;
              } else {
                  if (features[3] < -38) {
                      return 96;
                  } else {
                      return 2;
                  }
              }
          }
        }
        

static inline int32_t edgewise_tree_6(const int16_t *features, int32_t features_length) {
          if (features[0] < 2124) {
              if (features[27] < 14) {
                  return 79;
              } else {
                  if (features[2] < -4) {
                      return 96;
                  } else {
                      return 7;
                  }
              }
          } else {
              if (features[7] < -64) {
                  return 84;
              } else {
                  if (features[1] < -9) {
                      return 62;
                  } else {
                      if (features[7] < -50) {
                          return 55;
                      } else {
                          if (features[3] < 135) {
                              if (features[12] < 37) {
                                  if (features[30] < 8) {
                                      if (features[15] < 1) {
                                          return 68;
                                      } else {
                                          if (features[10] < 2558) {
                                              return 38;
                                          } else {
                                              return 44;
                                          }
                                      }
                                  } else {
                                      return 22;
                                  }
                              } else {
                                  return 6;
                              }
                          } else {
                              return 96;
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t edgewise_tree_7(const int16_t *features, int32_t features_length) {
          if (features[12] < 73) {
              if (features[0] < 2111) {
                  if (features[14] < 34) {
                      if (features[23] < 17) {
                          return 90;
                      } else {
                          return 0;
                      }
                  } else {
                      return 18;
                  }
              } else {
                  if (features[3] < 80) {
                      if (features[3] < -9) {
                          return 53;
                      } else {
                          if (features[6] < -14) {
                              if (features[24] < 1) {
                                  return 36;
                              } else {
                                  return 71;
                              }
                          } else {
                              return 20;
                          }
                      }
                  } else {
                      return 88;
                  }
              }
          } else {
              if (features[6] < 10) {
                  if (features[3] < -1) {
                      if (features[14] < 75) {
                          return 73;
                      } else {
                          return 0;
                      }
                  } else {
                      return 8;
                  }
              } else {
                  return 3;
              }
          }
        }
        

static inline int32_t edgewise_tree_8(const int16_t *features, int32_t features_length) {
          if (features[0] < 2140) {
              if (features[27] < 8) {
                  return 78;
              } else {
                  if (features[3] < 22) {
                      if (features[5] < 10) {
                          if (features[7] < 1) {
                              return 89;
                          } else {
                              return 41;
                          }
                      } else {
                          return 33;
                      }
                  } else {
                      return 12;
                  }
              }
          } else {
              if (features[23] < 2) {
                  if (features[2] < -26) {
                      return 96;
                  } else {
                      if (features[2] < -17) {
                          return 70;
                      } else {
                          if (features[24] < 3) {
                              if (features[16] < 8) {
                                  return 50;
                              } else {
                                  return 26;
                              }
                          } else {
                              return 34;
                          }
                      }
                  }
              } else {
                  if (features[3] < 139) {
                      return 16;
                  } else {
                      return 96;
                  }
              }
          }
        }
        

static inline int32_t edgewise_tree_9(const int16_t *features, int32_t features_length) {
          if (features[29] < 17) {
              if (features[0] < 2025) {
                  return 91;
              } else {
                  if (features[3] < 25) {
                      if (features[0] < 2176) {
                          return 77;
                      } else {
                          if (features[10] < 1884) {
                              return 96;
                          } else {
                              return 25;
                          }
                      }
                  } else {
                      if (features[12] < -36) {
                          return 76;
                      } else {
                          return 15;
                      }
                  }
              }
          } else {
              if (features[22] < -4) {
                  if (features[0] < 2086) {
                      return 93;
                  } else {
                      if (features[6] < -7) {
                          return 47;
                      } else {
                          return 32;
                      }
                  }
              } else {
                  if (features[0] < 1997) {
                      return 57;
                  } else {
                      if (features[6] < 11) {
                          return 37;
                      } else {
                          return 10;
                      }
                  }
              }
          }
        }
        

static const uint16_t edgewise_leaves[194] = { 0, 4095, 12, 4083, 13, 4082, 18, 4077, 70, 4025, 74, 4021, 79, 4016, 86, 4009, 92, 4003, 101, 3994, 122, 3973, 123, 3972, 128, 3967, 161, 3934, 166, 3929, 183, 3912, 235, 3860, 252, 3843, 268, 3827, 279, 3816, 326, 3769, 371, 3724, 374, 3721, 439, 3656, 448, 3647, 470, 3625, 604, 3491, 643, 3452, 662, 3433, 718, 3377, 719, 3376, 795, 3300, 831, 3264, 844, 3251, 920, 3175, 950, 3145, 956, 3139, 1214, 2881, 1260, 2835, 1330, 2765, 1343, 2752, 2261, 1834, 2270, 1825, 2454, 1641, 2465, 1630, 2724, 1371, 2749, 1346, 2800, 1295, 2868, 1227, 2941, 1154, 3100, 995, 3196, 899, 3199, 896, 3223, 872, 3250, 845, 3280, 815, 3404, 691, 3420, 675, 3442, 653, 3474, 621, 3504, 591, 3540, 555, 3552, 543, 3554, 541, 3614, 481, 3703, 392, 3714, 381, 3726, 369, 3742, 353, 3746, 349, 3751, 344, 3795, 300, 3798, 297, 3800, 295, 3804, 291, 3840, 255, 3863, 232, 3881, 214, 3954, 141, 3963, 132, 3967, 128, 3979, 116, 3982, 113, 3988, 107, 3990, 105, 3997, 98, 4007, 88, 4012, 83, 4019, 76, 4041, 54, 4042, 53, 4065, 30, 4074, 21, 4076, 19, 4077, 18, 4086, 9, 4095, 0 };

int32_t edgewise_predict(const int16_t *features, int32_t features_length) {

        float out[2] = {0.0f,};

        int offset = 0;

        offset = 2*edgewise_tree_0(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]); }
        
    offset = 2*edgewise_tree_1(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]); }
        
    offset = 2*edgewise_tree_2(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]); }
        
    offset = 2*edgewise_tree_3(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]); }
        
    offset = 2*edgewise_tree_4(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]); }
        
    offset = 2*edgewise_tree_5(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]); }
        
    offset = 2*edgewise_tree_6(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]); }
        
    offset = 2*edgewise_tree_7(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]); }
        
    offset = 2*edgewise_tree_8(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]); }
        
    offset = 2*edgewise_tree_9(features, features_length);
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
        
    offset = 2*edgewise_tree_1(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]); }
        
    offset = 2*edgewise_tree_2(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]); }
        
    offset = 2*edgewise_tree_3(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]); }
        
    offset = 2*edgewise_tree_4(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]); }
        
    offset = 2*edgewise_tree_5(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]); }
        
    offset = 2*edgewise_tree_6(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]); }
        
    offset = 2*edgewise_tree_7(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]); }
        
    offset = 2*edgewise_tree_8(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]); }
        
    offset = 2*edgewise_tree_9(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]); }
        
    
        // compute mean
        for (int i=0; i<out_length; i++) {
            out[i] = out[i] / 40950.0f;
        }
        return 0;
    }
    